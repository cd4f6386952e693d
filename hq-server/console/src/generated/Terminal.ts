export type Terminal = { terminal: number, deviceId: string, lastEntryAt: string | null, entriesStored: number, appliedVersion: number | null, appliedAt: string | null, behind: boolean, };
