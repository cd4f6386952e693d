import type { MenuProduct } from '../generated/MenuProduct';
import type { TillError } from '../generated/TillError';
import { asTillError, productMenu } from '../shared/bridge';

/** The fuel tiles that have a function key of their own. */
export const FUEL_KEYS = ['F1', 'F2', 'F3', 'F4'] as const;

/** How many tiles are drawn; the rest is a search away. Drawing 20,000 would take seconds. */
const TILES_MAX = 120;

/** The products that can be sold now, and the search in them. */
export class Menu {
  query = $state('');
  failure = $state.raw<TillError | null>(null);
  /** False until the first answer: an empty list then means "not yet known", not "none". */
  known = $state(false);
  #found = $state.raw<MenuProduct[]>([]);
  #all = $state.raw<MenuProduct[]>([]);
  #asked = 0;

  readonly fuels = $derived(this.#all.filter((product) => product.kind === 'fuel'));
  readonly tiles = $derived.by(() => {
    const fuels = this.#found.filter((product) => product.kind === 'fuel');
    const goods = this.#found.filter((product) => product.kind === 'goods');
    return { fuels, goods: goods.slice(0, TILES_MAX) };
  });
  readonly isEmpty = $derived(this.known && this.#found.length === 0);

  /** Asks again for what is shown, so that a changed price reaches the open till. */
  async refresh(): Promise<void> {
    const asked = ++this.#asked;
    const query = this.query.trim();
    try {
      const found = await productMenu(query);
      // A slower answer to an older question must not replace a newer one.
      if (asked !== this.#asked) return;
      this.#take(found, query === '');
      this.failure = null;
    } catch (cause) {
      if (asked === this.#asked) this.failure = asTillError(cause);
    }
    if (asked === this.#asked) this.known = true;
  }

  #take(found: MenuProduct[], isWholeMenu: boolean): void {
    // An unchanged list keeps its objects, so that nothing is drawn anew each time it is asked for.
    if (JSON.stringify(found) !== JSON.stringify(this.#found)) this.#found = found;
    if (isWholeMenu) this.#all = this.#found;
  }

  async search(query: string): Promise<void> {
    this.query = query;
    await this.refresh();
  }

  /** The product of a fuel key (0 for F1). */
  fuelOfKey(index: number): MenuProduct | undefined {
    return this.fuels[index];
  }

  /** The product with exactly this barcode or code. */
  async withCode(code: string): Promise<MenuProduct | undefined> {
    const found = await productMenu(code);
    return found.find((product) => product.barcode === code || product.productId === code);
  }

  /** What Enter in the search box means: the product with that code, else the first one found. */
  async best(): Promise<MenuProduct | undefined> {
    const query = this.query.trim();
    if (query === '') return undefined;
    // Asked anew: Enter may come before the answer to the last letter is on the screen.
    const found = await productMenu(query);
    const exact = found.find((product) => product.barcode === query || product.productId === query);
    return exact ?? found.find((product) => product.kind === 'fuel') ?? found[0];
  }
}
