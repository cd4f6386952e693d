// Tells a barcode scanner from fingers. A scanner types a whole code with a few milliseconds
// between keys and ends it with Enter. Keys are read by their place on the keyboard, so a Hangul
// input method that is switched on changes nothing.

/** Scanners send a key every 1-20 ms; the fastest typists stay above 50 ms for eight keys in a row. */
const KEY_GAP_MS_MAX = 35;

/** The shortest code on goods is EAN-8; everything a cashier types on the pad is shorter. */
const CODE_LENGTH_MIN = 8;

/** Longer than any code on goods: what follows is dropped. */
const CODE_LENGTH_MAX = 48;

export class ScanDetector {
  #code = '';
  #lastAtMs = Number.NEGATIVE_INFINITY;

  /** Takes one key; true when it begins a new burst, the moment to remember what was on the pad. */
  push(character: string, atMs: number): boolean {
    const begins = atMs - this.#lastAtMs > KEY_GAP_MS_MAX;
    if (begins) this.#code = '';
    if (this.#code.length < CODE_LENGTH_MAX) this.#code += character;
    this.#lastAtMs = atMs;
    return begins;
  }

  /** Takes the closing Enter; the code when a scanner typed it, else null. */
  end(atMs: number): string | null {
    const inTime = atMs - this.#lastAtMs <= KEY_GAP_MS_MAX;
    const code = this.#code;
    this.#code = '';
    return inTime && code.length >= CODE_LENGTH_MIN ? code : null;
  }
}

/** The character of a key by its place: "Digit7" and "Numpad7" are 7, "KeyQ" is Q. */
export function characterOf(code: string): string | null {
  const match = /^(?:Digit|Numpad|Key)([0-9A-Z])$/.exec(code);
  if (match?.[1] !== undefined) return match[1];
  if (code === 'Minus' || code === 'NumpadSubtract') return '-';
  return null;
}
