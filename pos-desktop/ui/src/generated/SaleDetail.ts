import type { CartLine } from "./CartLine";
import type { SaleRow } from "./SaleRow";

export type SaleDetail = { row: SaleRow, lines: Array<CartLine>, receiptText: string, };
