// A till core for tests and for looking at the screens without Tauri. It answers the same commands
// as the real one, in memory. It is never part of the production build: nothing outside this folder
// may import it.
import { mockIPC } from '@tauri-apps/api/mocks';
import type { Account } from '../generated/Account';
import type { Cart } from '../generated/Cart';
import type { CartLine } from '../generated/CartLine';
import type { CompletedSale } from '../generated/CompletedSale';
import type { Enrolled } from '../generated/Enrolled';
import type { MenuProduct } from '../generated/MenuProduct';
import type { SaleDetail } from '../generated/SaleDetail';
import type { SaleRow } from '../generated/SaleRow';
import type { SetupState } from '../generated/SetupState';
import type { Tender } from '../generated/Tender';
import type { TillError } from '../generated/TillError';
import type { TillStatus } from '../generated/TillStatus';
import { grouped, milliAsText } from '../shared/format';
import { sampleAccounts, sampleProducts } from './samples';

type Args = Record<string, unknown>;
type Entry = { by: 'quantity'; milli: number } | { by: 'amount'; won: number };

/** A code that the fake knows. */
export const CODE = 'K7Q2M9XA0123456789ABCDEFGHJKMNPQ';

const refuse = (code: string, message = code): never => {
  throw { code, message, detail: null } satisfies TillError;
};

export class FakeTill {
  products: MenuProduct[] = sampleProducts();
  accounts: Account[] = sampleAccounts();
  sales: SaleDetail[] = [];
  lines: CartLine[] = [];
  accountId: string | null = null;
  /** Commands that fail, with the error they fail with. */
  failing = new Map<string, TillError>();
  /** Every command asked for, in order. */
  readonly calls: { command: string; args: Args }[] = [];
  status: TillStatus = {
    stationCode: 'ST0001',
    stationName: 'SK Imme',
    terminal: 1,
    businessDay: '2026-11-23',
    now: '2026-11-23T05:05:00Z',
    language: 'ko',
    theme: 'light',
    pendingCount: 0,
    pendingOldestAt: null,
    agentLink: 'up',
    agentLastAckAt: '2026-11-23T05:04:59Z',
    hqLastAckAt: '2026-11-23T05:04:58Z',
    clockDoubt: false,
  };
  setup: SetupState = {
    enrolled: true,
    agentUrl: 'https://192.168.0.10:7100/',
    language: 'ko',
    trouble: null,
  };
  /** What the agent says to a code; any other code is mistyped. */
  codes = new Map<string, Enrolled | TillError>([
    [CODE, { stationCode: 'ST0001', stationName: 'SK Imme', terminal: 2 }],
  ]);
  #lineNo = 0;

  install(): this {
    mockIPC((command, args) => this.answer(command, (args ?? {}) as Args));
    return this;
  }

  callsOf(command: string): Args[] {
    return this.calls.filter((call) => call.command === command).map((call) => call.args);
  }

  answer(command: string, args: Args): unknown {
    this.calls.push({ command, args });
    const failure = this.failing.get(command);
    if (failure !== undefined) throw failure;
    switch (command) {
      case 'setup_state':
        return { ...this.setup };
      case 'enrol':
        return this.#enrol(String(args['code']));
      case 'restart':
        return null;
      case 'till_status':
        return { ...this.status };
      case 'product_menu':
        return this.#menu(String(args['query']));
      case 'cart':
        return this.cart();
      case 'cart_add_line':
        return this.#add(String(args['productId']), args['entry'] as Entry);
      case 'cart_set_quantity':
        return this.#setQuantity(Number(args['lineNo']), Number(args['milli']));
      case 'cart_remove_line':
        this.lines = this.lines.filter((line) => line.lineNo !== args['lineNo']);
        return this.cart();
      case 'cart_clear':
        this.#empty();
        return this.cart();
      case 'cart_set_account':
        this.accountId = args['accountId'] as string | null;
        return this.cart();
      case 'complete_sale':
        return this.#complete(args['tenders'] as Tender[]);
      case 'recent_sales':
        return this.sales.map((sale) => sale.row);
      case 'sale_detail':
        return this.#sale(String(args['saleId']));
      case 'cancel_sale':
        return this.#cancel(String(args['saleId']));
      case 'accounts':
        return this.accounts.filter((account) =>
          account.accountName.includes(String(args['query'])),
        );
      case 'set_language':
        this.status.language = args['language'] as TillStatus['language'];
        return null;
      case 'set_theme':
        this.status.theme = args['theme'] as TillStatus['theme'];
        return null;
      default:
        return refuse('bad_request', command);
    }
  }

  #enrol(code: string): Enrolled {
    const answer = this.codes.get(code) ?? refuse('code_mistyped');
    if ('code' in answer) throw answer;
    return answer;
  }

  #menu(query: string): MenuProduct[] {
    const wanted = query.toLowerCase();
    return this.products.filter((product) =>
      [product.productId, product.nameKo, product.nameEn.toLowerCase(), product.barcode ?? ''].some(
        (text) => text.includes(wanted),
      ),
    );
  }

  cart(): Cart {
    const total = this.lines.reduce((sum, line) => sum + line.amount, 0);
    const account = this.accounts.find((known) => known.accountId === this.accountId);
    return {
      lines: this.lines.map((line) => ({ ...line })),
      total,
      vat: total - Math.round((total * 10) / 11),
      accountId: account?.accountId ?? null,
      accountName: account?.accountName ?? null,
    };
  }

  #add(productId: string, entry: Entry): Cart {
    const product =
      this.products.find((known) => known.productId === productId) ?? refuse('unknown_product');
    const milli =
      entry.by === 'quantity' ? entry.milli : Math.floor((entry.won * 1000) / product.price);
    const amount = entry.by === 'quantity' ? Math.round((product.price * milli) / 1000) : entry.won;
    const { nameKo, nameEn, kind, unit, price } = product;
    const same = this.lines.find((line) => line.productId === productId && kind === 'goods');
    if (same !== undefined) return this.#setQuantity(same.lineNo, same.quantityMilli + milli);
    this.#lineNo += 1;
    this.lines.push({
      lineNo: this.#lineNo,
      productId,
      nameKo,
      nameEn,
      kind,
      unit,
      quantityMilli: milli,
      unitPrice: price,
      amount,
    });
    return this.cart();
  }

  #setQuantity(lineNo: number, milli: number): Cart {
    this.lines = this.lines.map((line) =>
      line.lineNo === lineNo
        ? { ...line, quantityMilli: milli, amount: Math.round((line.unitPrice * milli) / 1000) }
        : line,
    );
    return this.cart();
  }

  #empty(): void {
    this.lines = [];
    this.accountId = null;
  }

  #complete(tenders: Tender[]): CompletedSale {
    const { total, lines } = this.cart();
    if (lines.length === 0) return refuse('empty_cart');
    const tender = tenders[0] ?? refuse('tender_short');
    const received = tender.kind === 'cash' ? tender.received : tender.amount;
    if (received < total) return refuse('tender_short');
    const number = this.sales.length + 1;
    const saleId = `S${String(number).padStart(4, '0')}`;
    const receiptNo = `1-${this.status.businessDay.slice(5).replace('-', '')}-${String(number).padStart(4, '0')}`;
    const more = lines.length - 1;
    const row: SaleRow = {
      saleId,
      receiptNo,
      at: this.status.now,
      summaryKo: `${lines[0]?.nameKo ?? ''}${more > 0 ? ` 외 ${more}건` : ''}`,
      summaryEn: `${lines[0]?.nameEn ?? ''}${more > 0 ? ` and ${more} more` : ''}`,
      total,
      tenders: tenders.map((each) => each.kind),
      cancelled: false,
      tillAt: this.status.now,
      stationAt: null,
      hqAt: null,
    };
    const receiptText = this.#receipt(row, lines, received);
    this.sales.unshift({ row, lines, receiptText });
    this.status = {
      ...this.status,
      pendingCount: this.status.pendingCount + 1,
      pendingOldestAt: this.status.pendingOldestAt ?? this.status.now,
    };
    this.#empty();
    return { saleId, receiptNo, total, received, change: received - total, receiptText };
  }

  #receipt(row: SaleRow, lines: CartLine[], received: number): string {
    const rule = '-'.repeat(32);
    const money = (label: string, amount: number) => {
      // A Korean letter takes two columns.
      const width = [...label].reduce((sum, letter) => sum + (letter > '\u0fff' ? 2 : 1), 0);
      return label + grouped(amount).padStart(32 - width);
    };
    return [
      '        SK Imme (ST0001)',
      '영수증 ' + row.receiptNo,
      '2026-11-23 14:05   단말 1',
      rule,
      ...lines.flatMap((line) => [
        line.nameKo,
        money(`  ${milliAsText(line.quantityMilli)} x ${grouped(line.unitPrice)}`, line.amount),
      ]),
      rule,
      money('합계', row.total),
      money('받은 금액', received),
      money('거스름돈', received - row.total),
    ].join('\n');
  }

  #sale(saleId: string): SaleDetail {
    return this.sales.find((sale) => sale.row.saleId === saleId) ?? refuse('unknown_sale');
  }

  #cancel(saleId: string): SaleRow {
    const sale = this.#sale(saleId);
    if (sale.row.cancelled) return refuse('already_cancelled');
    sale.row = { ...sale.row, cancelled: true, stationAt: null, hqAt: null };
    return sale.row;
  }

  /** Lets everything sold so far reach the station, and HQ as well when `hq` says so. */
  reach(hq: boolean): void {
    const { now } = this.status;
    for (const sale of this.sales) {
      sale.row = { ...sale.row, stationAt: now, hqAt: hq ? now : sale.row.hqAt };
    }
    this.status = {
      ...this.status,
      agentLastAckAt: now,
      hqLastAckAt: hq ? now : this.status.hqLastAckAt,
      pendingCount: hq ? 0 : this.status.pendingCount,
      pendingOldestAt: hq ? null : this.status.pendingOldestAt,
    };
  }
}
