// A code typed while the Hangul input method is on arrives as Hangul. The two-set layout puts every
// letter on a known key, so the keys can be read back from what they composed.

const LEADS = 'R R S E E F A Q Q T T D W W C Z X V G'.split(' ');
const VOWELS = 'K O I O J P U P H HK HO HL Y N NJ NP NL B M ML L'.split(' ');
const TAILS = ' R R RT S SW SG E F FR FA FQ FT FX FV FG A Q QT T T D W C Z X V G'.split(' ');
/** U+3131 and following: the letters standing alone, as in "ㅏ" before it finds a consonant. */
const ALONE = 'R R RT S SW SG E E F FR FA FQ FT FX FV FG A Q Q QT T T D W W C Z X V G'.split(' ');

const SYLLABLE_FIRST = 0xac00;
const SYLLABLE_LAST = 0xd7a3;
const LETTER_FIRST = 0x3131;

/** "ㅏ7ㅂ2" -> "K7Q2"; what is not Hangul stays. A doubled consonant is its key with Shift. */
export function keysOfHangul(text: string): string {
  return [...text].map(keysOf).join('');
}

function keysOf(character: string): string {
  const point = character.codePointAt(0) ?? 0;
  if (point >= SYLLABLE_FIRST && point <= SYLLABLE_LAST) {
    const place = point - SYLLABLE_FIRST;
    const tail = place % TAILS.length;
    const vowel = Math.floor(place / TAILS.length) % VOWELS.length;
    const lead = Math.floor(place / (TAILS.length * VOWELS.length));
    return `${LEADS[lead] ?? ''}${VOWELS[vowel] ?? ''}${TAILS[tail] ?? ''}`;
  }
  const letter = point - LETTER_FIRST;
  return ALONE[letter] ?? VOWELS[letter - ALONE.length] ?? character;
}
