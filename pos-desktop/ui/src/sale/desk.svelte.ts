// The sell screen's state: what is typed, what the core holds in the cart, how it is being paid.
// Every amount in it comes from the core.
import type { Account } from '../generated/Account';
import type { Cart } from '../generated/Cart';
import type { CartLine } from '../generated/CartLine';
import type { CompletedSale } from '../generated/CompletedSale';
import type { MenuProduct } from '../generated/MenuProduct';
import type { Tender } from '../generated/Tender';
import type { TillError } from '../generated/TillError';
import * as bridge from '../shared/bridge';
import { wonFromText } from '../shared/format';
import { Entry, LITRE_PRESETS, withDigits, WON_PRESETS } from './entry.svelte';
import { Menu } from './menu.svelte';
import { Steps } from './steps';

export type TenderKind = Tender['kind'];
type Completed = CompletedSale & { tender: TenderKind };

const RECEIVED_DIGITS_MAX = 8;
const APPROVAL_LENGTH_MAX = 16;
const PIECE_MILLI = 1_000;

const EMPTY_CART: Cart = { lines: [], total: 0, vat: 0, accountId: null, accountName: null };

export class SaleDesk {
  readonly menu = new Menu();
  readonly entry = new Entry();
  cart = $state.raw<Cart>(EMPTY_CART);
  /** The payment being entered, null while products are. */
  tender = $state<TenderKind | null>(null);
  received = $state('');
  approvalNo = $state('');
  account = $state.raw<Account | null>(null);
  completed = $state.raw<Completed | null>(null);
  failure = $state.raw<TillError | null>(null);
  /** False until the core has told what it kept in the cart. */
  isOpen = false;
  readonly hasLines = $derived(this.cart.lines.length > 0);

  readonly #steps = new Steps((cause) => {
    this.failure = bridge.asTillError(cause);
  });

  constructor(private readonly onCompleted: () => void) {}

  /** Brings back the cart that the core kept through a restart or a crash. */
  open(): Promise<void> {
    return this.#steps.run(async () => {
      this.#take(await bridge.cart());
      this.isOpen = true;
      this.failure = null;
      if (this.cart.accountId !== null) await this.#findAccount(this.cart.accountId);
    });
  }

  pick(product: MenuProduct): Promise<void> {
    return this.#steps.run(() => this.#picked(product));
  }

  pickFuelKey(index: number): Promise<void> {
    return this.#steps.run(async () => {
      const product = this.menu.fuelOfKey(index);
      if (product !== undefined) await this.#picked(product);
    });
  }

  async #picked(product: MenuProduct): Promise<void> {
    if (product.kind === 'goods') return this.#addGoods(product);
    // Digits typed first belong to the fuel touched next; digits of another fuel do not.
    const entry = this.entry.product === null ? this.entry.forFuel() : null;
    if (entry !== null) return this.#add(product, entry);
    this.#chooseFuel(product);
  }

  #chooseFuel(product: MenuProduct): void {
    this.#startEntering();
    this.entry.product = product;
    this.entry.digits = '';
  }

  async #addGoods(product: MenuProduct): Promise<void> {
    // Digits typed for a chosen fuel are litres or won of that fuel, never pieces of something else.
    if (this.entry.product !== null) this.entry.clear();
    const entry = this.entry.forGoods();
    if (entry === null) throw new bridge.Refusal('too_many_pieces');
    await this.#add(product, entry);
  }

  async #add(product: MenuProduct, entry: bridge.LineEntry): Promise<void> {
    this.#take(await bridge.cartAddLine(product.productId, entry));
    this.#startEntering();
    this.entry.clear();
  }

  #startEntering(): void {
    this.completed = null;
    this.tender = null;
    this.failure = null;
  }

  press(key: string): void {
    this.completed = null;
    this.entry.press(key);
  }

  /** The pad's big button: what is typed becomes a line of the chosen fuel. */
  commitEntry(): Promise<void> {
    return this.#steps.run(async () => {
      const { product } = this.entry;
      const entry = this.entry.forFuel();
      if (product !== null && entry !== null) await this.#add(product, entry);
    });
  }

  /** A quick amount: at once a line when a fuel is chosen, else typed and waiting for the fuel. */
  preset(index: number): Promise<void> {
    return this.#steps.run(async () => {
      const digits =
        this.entry.mode === 'won'
          ? String(WON_PRESETS[index]?.won ?? '')
          : (LITRE_PRESETS[index]?.litres ?? '');
      this.completed = null;
      this.entry.digits = digits;
      const entry = this.entry.forFuel();
      if (this.entry.product !== null && entry !== null) await this.#add(this.entry.product, entry);
    });
  }

  scan(code: string): Promise<void> {
    return this.#steps.run(async () => {
      if (this.menu.query !== '') await this.menu.search('');
      const product = await this.menu.withCode(code);
      if (product === undefined) throw new bridge.Refusal('unknown_product', code);
      if (product.kind === 'goods') return this.#addGoods(product);
      this.entry.clear();
      this.#chooseFuel(product);
    });
  }

  /** Enter in the search box. */
  takeBest(): Promise<void> {
    return this.#steps.run(async () => {
      const product = await this.menu.best();
      if (product === undefined) return;
      await this.menu.search('');
      if (product.kind === 'goods') return this.#addGoods(product);
      this.#chooseFuel(product);
    });
  }

  changePieces(line: CartLine, direction: 1 | -1): Promise<void> {
    const milli = line.quantityMilli + direction * PIECE_MILLI;
    return this.#steps.run(async () => {
      this.#take(
        milli > 0
          ? await bridge.cartSetQuantity(line.lineNo, milli)
          : await bridge.cartRemoveLine(line.lineNo),
      );
    });
  }

  removeLine(line: CartLine): Promise<void> {
    return this.#steps.run(async () => this.#take(await bridge.cartRemoveLine(line.lineNo)));
  }

  clearCart(): Promise<void> {
    return this.#steps.run(async () => {
      this.#take(await bridge.cartClear());
      this.tender = null;
    });
  }

  #take(cart: Cart): void {
    this.cart = cart;
    if (cart.accountId === null) this.account = null;
    if (cart.lines.length === 0) this.tender = null;
  }

  openTender(kind: TenderKind): Promise<void> {
    return this.#steps.run(async () => {
      if (!this.hasLines) return;
      this.failure = null;
      this.received = '';
      this.approvalNo = '';
      this.tender = kind;
    });
  }

  closeTender(): void {
    this.tender = null;
  }

  pressReceived(key: string): void {
    this.received =
      key === 'back'
        ? this.received.slice(0, -1)
        : withDigits(this.received, key, RECEIVED_DIGITS_MAX);
  }

  pressApproval(key: string): void {
    this.approvalNo =
      key === 'back'
        ? this.approvalNo.slice(0, -1)
        : (this.approvalNo + key).slice(0, APPROVAL_LENGTH_MAX);
  }

  setAccount(account: Account | null): Promise<void> {
    return this.#steps.run(async () => {
      this.#take(await bridge.cartSetAccount(account?.accountId ?? null));
      this.account = account;
    });
  }

  async #findAccount(accountId: string): Promise<void> {
    const found = await bridge.accounts('');
    this.account = found.find((account) => account.accountId === accountId) ?? null;
  }

  /** Cash of exactly the total: the commonest end of a sale. */
  payExact(): Promise<void> {
    return this.#complete(() => [{ kind: 'cash', received: this.cart.total }]);
  }

  payCash(received: number): Promise<void> {
    return this.#complete(() => [{ kind: 'cash', received }]);
  }

  /** The panel's big button, for whichever payment is open. */
  payEntered(): Promise<void> {
    return this.#complete(() => {
      const { total, accountId } = this.cart;
      const received = wonFromText(this.received);
      const approvalNo = this.approvalNo.trim();
      if (this.tender === 'cash' && received !== null) return [{ kind: 'cash', received }];
      if (this.tender === 'card' && approvalNo !== '')
        return [{ kind: 'card', amount: total, approvalNo }];
      if (this.tender === 'account' && accountId !== null)
        return [{ kind: 'account', amount: total, accountId }];
      return null;
    });
  }

  #complete(tendersOf: () => [Tender] | null): Promise<void> {
    return this.#steps.run(async () => {
      const tenders = this.hasLines ? tendersOf() : null;
      if (tenders === null) return;
      const completed = await bridge.completeSale(tenders);
      this.completed = { ...completed, tender: tenders[0].kind };
      this.tender = null;
      this.failure = null;
      this.entry.clear();
      this.onCompleted();
      this.#take(await bridge.cart());
    });
  }

  /** Esc: one step back. Lines in the cart are work done and stay. */
  back(): void {
    if (this.failure !== null) this.failure = null;
    else if (this.tender !== null) this.tender = null;
    else if (!this.entry.isBlank) this.entry.clear();
    else if (this.menu.query !== '') void this.menu.search('');
    else this.completed = null;
  }
}
