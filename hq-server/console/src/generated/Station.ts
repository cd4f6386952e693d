import type { Terminal } from "./Terminal";

export type Station = { stationCode: string, stationName: string, address: string, state: "online" | "stale" | "never", lastSeenAt: string | null, pendingCount: number | null, pendingOldestAt: string | null, entriesStored: number, todaySalesCount: number, todaySalesAmount: number, terminals: Array<Terminal>, };
