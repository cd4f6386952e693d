// The only place that talks to the till's core. One function per command, nothing else.
import { invoke } from '@tauri-apps/api/core';
import type { Account } from '../generated/Account';
import type { Cart } from '../generated/Cart';
import type { CompletedSale } from '../generated/CompletedSale';
import type { Enrolled } from '../generated/Enrolled';
import type { MenuProduct } from '../generated/MenuProduct';
import type { SaleDetail } from '../generated/SaleDetail';
import type { SaleRow } from '../generated/SaleRow';
import type { SetupState } from '../generated/SetupState';
import type { Tender } from '../generated/Tender';
import type { TillError } from '../generated/TillError';
import type { TillStatus } from '../generated/TillStatus';

/** What a line is entered by: a quantity in thousandths, or a preset amount in won (fuel only). */
export type LineEntry = { by: 'quantity'; milli: number } | { by: 'amount'; won: number };

export const tillStatus = () => invoke<TillStatus>('till_status');
export const productMenu = (query: string) => invoke<MenuProduct[]>('product_menu', { query });
export const cart = () => invoke<Cart>('cart');
export const cartAddLine = (productId: string, entry: LineEntry) =>
  invoke<Cart>('cart_add_line', { productId, entry });
export const cartSetQuantity = (lineNo: number, milli: number) =>
  invoke<Cart>('cart_set_quantity', { lineNo, milli });
export const cartRemoveLine = (lineNo: number) => invoke<Cart>('cart_remove_line', { lineNo });
export const cartClear = () => invoke<Cart>('cart_clear');
export const cartSetAccount = (accountId: string | null) =>
  invoke<Cart>('cart_set_account', { accountId });
export const completeSale = (tenders: Tender[]) =>
  invoke<CompletedSale>('complete_sale', { tenders });
export const recentSales = (limit: number) => invoke<SaleRow[]>('recent_sales', { limit });
export const saleDetail = (saleId: string) => invoke<SaleDetail>('sale_detail', { saleId });
export const cancelSale = (saleId: string, reason: string) =>
  invoke<SaleRow>('cancel_sale', { saleId, reason });
export const accounts = (query: string) => invoke<Account[]>('accounts', { query });
export const setLanguage = (language: TillStatus['language']) =>
  invoke<unknown>('set_language', { language });
export const setTheme = (theme: TillStatus['theme']) => invoke<unknown>('set_theme', { theme });

/** Answers before the till has an identity; the commands above are for a till that has one. */
export const setupState = () => invoke<SetupState>('setup_state');
export const enrol = (code: string) => invoke<Enrolled>('enrol', { code });
export const restart = () => invoke<null>('restart');

/** What the screen itself refuses before it asks the core. */
export class Refusal extends Error {
  constructor(
    readonly code: string,
    message = '',
  ) {
    super(message);
  }
}

/** The error a refused command carries; anything else (a lost window, a defect) gets code "bridge". */
export function asTillError(cause: unknown): TillError {
  if (typeof cause === 'object' && cause !== null && 'code' in cause && 'message' in cause) {
    const detail = 'detail' in cause ? cause.detail : null;
    return {
      code: String(cause.code),
      message: String(cause.message),
      detail: typeof detail === 'string' ? detail : null,
    };
  }
  return { code: 'bridge', message: cause instanceof Error ? cause.message : '', detail: null };
}
