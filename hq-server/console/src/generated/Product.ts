import type { ScheduledPrice } from "./ScheduledPrice";

export type Product = { productId: string, nameKo: string, nameEn: string, kind: "fuel" | "goods", unit: "L" | "ea", taxClass: "taxed" | "exempt" | "taxFree", barcode: string | null, price: number, priceVersion: number, scheduled: Array<ScheduledPrice>, terminalsTotal: number, terminalsApplied: number, };
