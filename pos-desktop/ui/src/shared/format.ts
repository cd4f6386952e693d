// How numbers and times are written. Money and litres arrive as integers and are only grouped and
// punctuated here, as text: nothing is added, multiplied or rounded.
import { locale, t } from './i18n.svelte';

// Stations are in Korea, which has one time zone and no summer time; a till whose computer is set
// to another zone must still print the station's wall clock.
const STATION_TIME_ZONE = 'Asia/Seoul';

const MILLI_DIGITS = 3;

/** 33400 -> "33,400". */
export function grouped(digits: number | string): string {
  return String(digits).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** 33400 -> "33,400원", in English "₩33,400". */
export function won(amount: number): string {
  const text = grouped(Math.abs(amount));
  const sign = amount < 0 ? '−' : '';
  return locale.language === 'ko' ? `${sign}${text}원` : `${sign}₩${text}`;
}

/** 20000 (thousandths) -> "20.000". */
export function milliAsText(milli: number): string {
  const digits = String(milli).padStart(MILLI_DIGITS + 1, '0');
  return `${grouped(digits.slice(0, -MILLI_DIGITS))}.${digits.slice(-MILLI_DIGITS)}`;
}

/** 20000 litres/1000 -> "20.000 L"; 2000 pieces/1000 -> "2개" or "2 ea". */
export function quantity(milli: number, unit: 'L' | 'ea'): string {
  if (unit === 'L') return `${milliAsText(milli)} L`;
  const [whole, part] = milliAsText(milli).split('.');
  return t('sale.pieces', { count: part === '000' ? (whole ?? '') : milliAsText(milli) });
}

/** "20.5" -> 20500; null when it is not a positive number of at most three decimals. */
export function milliFromText(text: string): number | null {
  const match = /^(\d{1,6})(?:\.(\d{0,3}))?$/.exec(text);
  if (match === null) return null;
  const milli = Number(`${match[1]}${(match[2] ?? '').padEnd(MILLI_DIGITS, '0')}`);
  return milli > 0 ? milli : null;
}

/** "50000" -> 50000; null when it is not a positive whole number. */
export function wonFromText(text: string): number | null {
  if (!/^\d{1,9}$/.test(text)) return null;
  const amount = Number(text);
  return amount > 0 ? amount : null;
}

const clock = new Intl.DateTimeFormat('en-GB', {
  timeZone: STATION_TIME_ZONE,
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});

function clockParts(at: string): Record<string, string> {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return {};
  return Object.fromEntries(clock.formatToParts(date).map((part) => [part.type, part.value]));
}

/** "14:05", in the station's zone. */
export function hourAndMinute(at: string): string {
  const { hour = '--', minute = '--' } = clockParts(at);
  return `${hour}:${minute}`;
}

/** "14:05:09". */
export function timeOfDay(at: string): string {
  return `${hourAndMinute(at)}:${clockParts(at)['second'] ?? '--'}`;
}

/** "2026-11-23", in the station's zone. */
export function calendarDay(at: string): string {
  const { year = '----', month = '--', day = '--' } = clockParts(at);
  return `${year}-${month}-${day}`;
}

/** "14:05" for the same day as `now`, "11-23 14:05" for another. */
export function shortTime(at: string, now: string): string {
  const day = calendarDay(at);
  return day === calendarDay(now) ? hourAndMinute(at) : `${day.slice(5)} ${hourAndMinute(at)}`;
}

const SECOND_MS = 1_000;
const MINUTE_S = 60;
const HOUR_S = 3_600;
const DAY_S = 86_400;

/** How long ago, in the largest unit that fits: "40초", "3분", "2시간". */
export function age(sinceMs: number, nowMs: number): string {
  const seconds = Math.max(0, Math.floor((nowMs - sinceMs) / SECOND_MS));
  if (seconds < MINUTE_S) return t('age.seconds', { count: seconds });
  if (seconds < HOUR_S) return t('age.minutes', { count: Math.floor(seconds / MINUTE_S) });
  if (seconds < DAY_S) return t('age.hours', { count: Math.floor(seconds / HOUR_S) });
  return t('age.days', { count: Math.floor(seconds / DAY_S) });
}
