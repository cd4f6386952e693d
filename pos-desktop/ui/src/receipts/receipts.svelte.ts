import type { SaleDetail } from '../generated/SaleDetail';
import type { SaleRow } from '../generated/SaleRow';
import type { TillError } from '../generated/TillError';
import { asTillError, cancelSale, recentSales, saleDetail } from '../shared/bridge';

/** A long shift at a busy till; older receipts belong to a search, not to a list. */
const ROWS_MAX = 200;

/** The last sales and how far each has come. */
export class Receipts {
  rows = $state.raw<SaleRow[]>([]);
  known = $state(false);
  failure = $state.raw<TillError | null>(null);
  loadedAtMs = $state(0);
  selected = $state.raw<SaleDetail | null>(null);
  /** Something on the screen has not reached HQ yet, so the list is still moving. */
  readonly isMoving = $derived(this.rows.some((row) => row.hqAt === null));
  #asked = 0;

  async load(nowMs: number): Promise<void> {
    const asked = ++this.#asked;
    try {
      const rows = await recentSales(ROWS_MAX);
      if (asked !== this.#asked) return;
      if (JSON.stringify(rows) !== JSON.stringify(this.rows)) this.rows = rows;
      this.known = true;
      this.failure = null;
      this.loadedAtMs = nowMs;
    } catch (cause) {
      if (asked === this.#asked) this.failure = asTillError(cause);
    }
  }

  async select(saleId: string): Promise<TillError | null> {
    try {
      this.selected = await saleDetail(saleId);
      return null;
    } catch (cause) {
      return asTillError(cause);
    }
  }

  /** Cancels and shows the sale as cancelled at once; the reason it was refused otherwise. */
  async cancel(saleId: string, reason: string): Promise<TillError | null> {
    try {
      const cancelled = await cancelSale(saleId, reason);
      this.#asked += 1;
      this.rows = this.rows.map((row) => (row.saleId === saleId ? cancelled : row));
      if (this.selected?.row.saleId === saleId) await this.select(saleId);
      return null;
    } catch (cause) {
      return asTillError(cause);
    }
  }
}
