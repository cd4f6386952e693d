import type { Shipment } from "./Shipment";

export type Order = { orderId: string, stationCode: string, stationName: string, productId: string, nameKo: string, nameEn: string, quantityMilli: number, unit: "L" | "ea", destAddr: string, status: "ordered" | "shipped" | "receiving" | "confirmed" | "cancelled", orderedAt: string, shipment: Shipment | null, receivedMilli: number | null, receivedAt: string | null, overShortMilli: number | null, };
