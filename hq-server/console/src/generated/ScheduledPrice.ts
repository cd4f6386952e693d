export type ScheduledPrice = { price: number, effectiveAt: string, version: number, };
