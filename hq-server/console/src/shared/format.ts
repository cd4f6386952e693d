import type { Language } from './i18n.svelte';

/** Every time on the page is the time of the stations, wherever the browser is. */
const STATION_ZONE = 'Asia/Seoul';

/** What stands where a value is not known. Never a zero: a zero is a number somebody counted. */
export const UNKNOWN = '—';

const zoned = new Intl.DateTimeFormat('sv-SE', {
  timeZone: STATION_ZONE,
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hour12: false,
});

function parts(at: Date): { date: string; minute: string; second: string } {
  const [date = '', time = ''] = zoned.format(at).split(' ');
  return { date, minute: time.slice(0, 5), second: time };
}

/** `2026-11-23 14:05` in the zone of the stations. */
export function dateTime(at: string | Date | null): string {
  if (at === null) return UNKNOWN;
  const { date, minute } = parts(new Date(at));
  return `${date} ${minute}`;
}

/** `14:05:10` in the zone of the stations. */
export function clockTime(at: Date): string {
  return parts(at).second;
}

/** `2026-11-23T14:05`, the form a datetime-local field wants, in the zone of the stations. */
export function localInputValue(at: Date): string {
  const { date, minute } = parts(at);
  return `${date}T${minute}`;
}

/** The instant that a datetime-local field means. Korea keeps UTC+9 the whole year. */
export function instantOfLocalInput(value: string): Date | null {
  const at = new Date(`${value}:00+09:00`);
  return Number.isNaN(at.getTime()) ? null : at;
}

/** `33,400`, without its unit. */
export function grouped(count: number): string {
  return count.toLocaleString('en-US', { maximumFractionDigits: 0 });
}

/** `33,400원` or, where English is read, `₩33,400`. */
export function won(amount: number, language: Language): string {
  const sign = amount < 0 ? '−' : '';
  const digits = grouped(Math.abs(amount));
  return language === 'ko' ? `${sign}${digits}원` : `${sign}₩${digits}`;
}

/** A difference shows its sign, so that it is not taken for a price: `+20원`, `−15원`, `0원`. */
export function signedWon(amount: number, language: Language): string {
  return `${amount > 0 ? '+' : ''}${won(amount, language)}`;
}

/** New price less old price, in whole won. The one sum the page makes; everything else is added up by HQ. */
export function priceDifference(oldWon: number, newWon: number): number {
  return newWon - oldWon;
}

/** `20.000 L`, `3개`, `3 ea`: thousandths to text by moving the point, never by dividing. */
export function quantity(milli: number, unit: 'L' | 'ea', language: Language): string {
  const sign = milli < 0 ? '−' : '';
  const digits = Math.abs(milli).toString().padStart(4, '0');
  const whole = digits.slice(0, -3).replace(/\B(?=(\d{3})+$)/g, ',');
  const thousandths = digits.slice(-3);
  if (unit === 'L') return `${sign}${whole}.${thousandths} L`;
  const pieces = thousandths === '000' ? whole : `${whole}.${thousandths}`;
  return language === 'ko' ? `${sign}${pieces}개` : `${sign}${pieces} ea`;
}

/** Like `quantity`, with a plus where there is more than expected. */
export function signedQuantity(milli: number, unit: 'L' | 'ea', language: Language): string {
  return `${milli > 0 ? '+' : ''}${quantity(milli, unit, language)}`;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Whole minutes, hours or days since `at`, as the translation key's ending and its count. */
export function age(at: string | Date, now: Date): { unit: 'now' | 'minutes' | 'hours' | 'days'; count: number } {
  const passedMs = Math.max(0, now.getTime() - new Date(at).getTime());
  if (passedMs < MINUTE_MS) return { unit: 'now', count: 0 };
  if (passedMs < HOUR_MS) return { unit: 'minutes', count: Math.floor(passedMs / MINUTE_MS) };
  if (passedMs < DAY_MS) return { unit: 'hours', count: Math.floor(passedMs / HOUR_MS) };
  return { unit: 'days', count: Math.floor(passedMs / DAY_MS) };
}

/** What HQ calls a product in the reader's language; a product without an English name keeps its Korean one. */
export function productName(product: { nameKo: string; nameEn: string }, language: Language): string {
  return language === 'en' && product.nameEn !== '' ? product.nameEn : product.nameKo;
}
