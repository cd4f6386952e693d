/** HQ refuses quantities and prices above this; saying so before sending spares a round trip. */
const NUMBER_MAX = 1_000_000_000;

/** Decimal text to thousandths (`20` is 20000, `0.5` is 500) by its digits, so that nothing is rounded on the way. */
export function milliOfDecimal(text: string): number | null {
  const match = /^(\d{1,10})(?:\.(\d{1,3}))?$/.exec(text.trim().replaceAll(',', ''));
  if (match === null) return null;
  const milli = Number(`${match[1]}${(match[2] ?? '').padEnd(3, '0')}`);
  return milli > 0 && milli <= NUMBER_MAX * 1000 ? milli : null;
}

/** Whole won of `1,690` or `1690`; nothing else is a price. */
export function wonOfText(text: string): number | null {
  const digits = text.trim().replaceAll(',', '');
  if (!/^\d{1,10}$/.test(digits)) return null;
  const amount = Number(digits);
  return amount > 0 && amount <= NUMBER_MAX ? amount : null;
}
