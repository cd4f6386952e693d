export type CompletedSale = { saleId: string, receiptNo: string, total: number, received: number, change: number, receiptText: string, };
