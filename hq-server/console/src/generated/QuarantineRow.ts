export type QuarantineRow = { station: string, device: string, seq: number, reason: string, at: string, amount: number | null, };
