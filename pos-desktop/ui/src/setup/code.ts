// What a typed enrolment code is: 32 characters of Crockford's base 32, shown in groups of four.
import { keysOfHangul } from './hangul';

export const CODE_LENGTH = 32;
const GROUP_LENGTH = 4;

/** The letters I, L, O and U are left out: they are taken for 1, 1, 0 and V. */
export const CODE_ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

const TAKEN_FOR: Readonly<Record<string, string>> = { O: '0', I: '1', L: '1' };

/** The characters of a code in a text, however it was typed or pasted; what cannot belong to one is left out. */
export function charactersOf(text: string): string {
  const plain = keysOfHangul(text).normalize('NFKC').toUpperCase();
  return [...plain]
    .map((character) => TAKEN_FOR[character] ?? character)
    .filter((character) => CODE_ALPHABET.includes(character))
    .slice(0, CODE_LENGTH)
    .join('');
}

/** "K7Q2M9" -> "K7Q2-M9". */
export function grouped(characters: string): string {
  return characters.replace(/(.{4})(?=.)/g, '$1-');
}

/** Where the caret stands behind so many characters of a grouped code: before the dash, so that Backspace takes a character. */
export function caretBehind(count: number): number {
  return count + Math.max(0, Math.ceil(count / GROUP_LENGTH) - 1);
}
