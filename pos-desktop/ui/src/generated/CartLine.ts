export type CartLine = { lineNo: number, productId: string, nameKo: string, nameEn: string, kind: "fuel" | "goods", unit: "L" | "ea", quantityMilli: number, unitPrice: number, amount: number, };
