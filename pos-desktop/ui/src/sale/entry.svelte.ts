import type { MenuProduct } from '../generated/MenuProduct';
import type { LineEntry } from '../shared/bridge';
import { milliFromText, wonFromText } from '../shared/format';

export type EntryMode = 'won' | 'litre';

/** 9,999,999 won; below the shortest barcode, so that a scan is never taken for an amount. */
const WON_DIGITS_MAX = 7;
const LITRE_DIGITS_MAX = 4;
const LITRE_DECIMALS_MAX = 3;
/** More pieces than this in one line are a slip of the finger or a scan gone astray. */
const PIECES_MAX = 999;

/** Amounts on the quick buttons with the key of each, row by row as on the keyboard. */
export const WON_PRESETS = [
  { key: 'Q', won: 10_000 },
  { key: 'W', won: 20_000 },
  { key: 'E', won: 30_000 },
  { key: 'A', won: 50_000 },
  { key: 'S', won: 70_000 },
  { key: 'D', won: 100_000 },
] as const;

export const LITRE_PRESETS = [
  { key: 'Q', litres: '10' },
  { key: 'W', litres: '20' },
  { key: 'E', litres: '30' },
  { key: 'A', litres: '40' },
  { key: 'S', litres: '50' },
  { key: 'D', litres: '60' },
] as const;

/** Adds a key of the pad to digits, keeping within `digitsMax` ("00" may add only one of them). */
export function withDigits(digits: string, key: string, digitsMax: number): string {
  const joined = (digits + key).replace(/^0+(?=\d)/, '');
  return joined.slice(0, Math.max(digits.length, digitsMax)).replace(/^0$/, '');
}

/** What is typed on the pad before it becomes a line: a product, a unit and digits. */
export class Entry {
  digits = $state('');
  mode = $state<EntryMode>('won');
  product = $state.raw<MenuProduct | null>(null);

  readonly isBlank = $derived(this.digits === '' && this.product === null);

  press(key: string): void {
    if (key === 'back') this.digits = this.digits.slice(0, -1);
    else if (this.mode === 'won') {
      if (key !== 'dot') this.digits = withDigits(this.digits, key, WON_DIGITS_MAX);
    } else this.#pressLitre(key);
  }

  #pressLitre(key: string): void {
    const [whole = '', part] = this.digits.split('.');
    if (key === 'dot') {
      if (part === undefined) this.digits = `${whole === '' ? '0' : whole}.`;
    } else if (part !== undefined) {
      this.digits = `${whole}.${(part + key).slice(0, LITRE_DECIMALS_MAX)}`;
    } else {
      this.digits = withDigits(whole, key, LITRE_DIGITS_MAX);
    }
  }

  setMode(mode: EntryMode): void {
    if (this.mode === mode) return;
    this.mode = mode;
    this.digits = '';
  }

  clear(): void {
    this.digits = '';
    this.product = null;
    this.mode = 'won';
  }

  /** The typed digits as a fuel line's entry, null while they are none. */
  forFuel(): LineEntry | null {
    if (this.mode === 'litre') {
      const milli = milliFromText(this.digits);
      return milli === null ? null : { by: 'quantity', milli };
    }
    const won = wonFromText(this.digits);
    return won === null ? null : { by: 'amount', won };
  }

  /** The typed digits as a number of pieces; one piece when nothing is typed; null when too many. */
  forGoods(): LineEntry | null {
    if (this.digits === '') return { by: 'quantity', milli: 1_000 };
    const pieces = wonFromText(this.digits);
    if (pieces === null || pieces > PIECES_MAX) return null;
    return { by: 'quantity', milli: pieces * 1_000 };
  }
}
