import type { CartLine } from "./CartLine";

export type Cart = { lines: Array<CartLine>, total: number, vat: number, accountId: string | null, accountName: string | null, };
