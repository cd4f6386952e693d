export type Summary = { salesCount: number, salesAmount: number, cancelledCount: number, quarantined: number, chainVersion: number, hqIncarnation: string, };
