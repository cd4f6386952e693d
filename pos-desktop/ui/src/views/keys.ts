// The keyboard of the whole window: function keys, the pad's digits, the scanner.
import { FUEL_KEYS } from '../sale/menu.svelte';
import { LITRE_PRESETS, WON_PRESETS } from '../sale/entry.svelte';
import type { SaleDesk } from '../sale/desk.svelte';
import { characterOf, ScanDetector } from '../shared/scan';

export type KeyTargets = {
  desk: SaleDesk;
  view: () => 'sell' | 'sales';
  show: (view: 'sell' | 'sales') => void;
  askToClear: () => void;
};

const PRESET_KEYS: readonly string[] = WON_PRESETS.map((preset) => preset.key);
// Both units use the same keys, so one list serves them.
const PRESETS = Math.min(WON_PRESETS.length, LITRE_PRESETS.length);

const OTHER_PAD_KEYS: Readonly<Record<string, string>> = {
  Period: 'dot',
  NumpadDecimal: 'dot',
  Backspace: 'back',
};

function isTextBox(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
}

function focusSearch(): void {
  const box = document.querySelector<HTMLInputElement>('[data-search]');
  box?.focus();
  box?.select();
}

export class Keyboard {
  readonly #scanner = new ScanDetector();
  // What was typed before the burst of keys that may turn out to be a scan.
  #before = { digits: '', received: '' };

  constructor(private readonly on: KeyTargets) {}

  /** Handles a key of the window; call it before any control sees the key. */
  handle(event: KeyboardEvent): void {
    // A dialog asks for one answer: the keys behind it are silent until it closes.
    if (document.querySelector('dialog[open]') !== null) return;
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const isTaken =
      this.#scan(event) || this.#functionKey(event) || this.#escape(event) || this.#pad(event);
    if (!isTaken) return;
    event.preventDefault();
    event.stopPropagation();
  }

  #scan(event: KeyboardEvent): boolean {
    const { desk } = this.on;
    // The approval number is typed by hand from another device, and as long as a barcode.
    if (desk.tender === 'card') return false;
    const character = characterOf(event.code);
    if (character !== null) {
      if (this.#scanner.push(character, event.timeStamp))
        this.#before = { digits: desk.entry.digits, received: desk.received };
      return false;
    }
    if (event.key !== 'Enter') return false;
    const code = this.#scanner.end(event.timeStamp);
    if (code === null) return false;
    desk.entry.digits = this.#before.digits;
    desk.received = this.#before.received;
    this.on.show('sell');
    void desk.scan(code);
    return true;
  }

  #functionKey(event: KeyboardEvent): boolean {
    const { desk } = this.on;
    const fuel = FUEL_KEYS.indexOf(event.key as (typeof FUEL_KEYS)[number]);
    const action =
      fuel >= 0 ? () => void desk.pickFuelKey(fuel) : this.#functionActions()[event.key];
    if (action === undefined) return false;
    // Held down, a function key must not sell twice.
    if (event.repeat) return true;
    if (event.key !== 'F11') this.on.show('sell');
    action();
    return true;
  }

  #functionActions(): Readonly<Record<string, () => void>> {
    const { desk } = this.on;
    return {
      // The box is drawn by the time the next frame is: the sell screen may only now come up.
      F5: () => requestAnimationFrame(focusSearch),
      F6: () => desk.entry.setMode(desk.entry.mode === 'won' ? 'litre' : 'won'),
      F7: () => void desk.openTender('cash'),
      F8: () => void desk.openTender('card'),
      F9: () => void desk.payExact(),
      F10: () => void desk.openTender('account'),
      F11: () => this.on.show(this.on.view() === 'sell' ? 'sales' : 'sell'),
      F12: () => {
        if (desk.hasLines) this.on.askToClear();
      },
    };
  }

  #escape(event: KeyboardEvent): boolean {
    if (event.key !== 'Escape' || event.isComposing) return false;
    if (this.on.view() === 'sales') this.on.show('sell');
    else this.on.desk.back();
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    return true;
  }

  #pad(event: KeyboardEvent): boolean {
    if (this.on.view() !== 'sell' || isTextBox(event.target)) return false;
    const { desk } = this.on;
    const key = this.#padKey(event.code);
    if (key !== null) {
      if (desk.tender === 'cash') desk.pressReceived(key);
      else if (desk.tender === null) desk.press(key);
      return desk.tender === 'cash' || desk.tender === null;
    }
    if (event.key === 'Enter') return this.#enter();
    const preset = PRESET_KEYS.indexOf(characterOf(event.code) ?? '');
    if (desk.tender !== null || preset < 0 || preset >= PRESETS || event.repeat) return false;
    void desk.preset(preset);
    return true;
  }

  #padKey(code: string): string | null {
    const other = OTHER_PAD_KEYS[code];
    if (other !== undefined) return other;
    const character = characterOf(code);
    return character !== null && /^\d$/.test(character) ? character : null;
  }

  // Enter ends what is typed, whichever button was touched last and still has the focus; with
  // nothing typed it presses the focused button, as everywhere.
  #enter(): boolean {
    const { desk } = this.on;
    if (desk.tender === 'cash' && desk.received !== '') void desk.payEntered();
    else if (desk.tender === null && desk.entry.product !== null && desk.entry.digits !== '')
      void desk.commitEntry();
    else return false;
    return true;
  }
}
