import { describe, expect, test } from 'vitest';
import en from '../../../../assets/locales/till.en.json';
import ko from '../../../../assets/locales/till.ko.json';
import { explain } from './errors';
import { age, milliAsText, milliFromText, quantity, shortTime, won } from './format';
import { locale } from './i18n.svelte';
import { characterOf, ScanDetector } from './scan';

describe('numbers and times', () => {
  test('money has separators and its unit', () => {
    expect(won(33_400)).toBe('33,400원');
    expect(won(-1_000)).toBe('−1,000원');
    locale.language = 'en';
    expect(won(1_234_567)).toBe('₩1,234,567');
  });

  test('litres keep three decimals, pieces none', () => {
    expect(quantity(20_000, 'L')).toBe('20.000 L');
    expect(quantity(1_234_567, 'L')).toBe('1,234.567 L');
    expect(quantity(2_000, 'ea')).toBe('2개');
    expect(milliAsText(5)).toBe('0.005');
  });

  test('typed litres become thousandths without a float in between', () => {
    expect(milliFromText('20.5')).toBe(20_500);
    expect(milliFromText('0.001')).toBe(1);
    expect(milliFromText('8.29')).toBe(8_290);
    for (const wrong of ['', '0', '0.000', '.5', '1.2345', '-1', '1e3', 'NaN'])
      expect(milliFromText(wrong)).toBeNull();
  });

  test('times are the station’s wall clock, with the day only when it is another one', () => {
    expect(shortTime('2026-11-23T05:05:00Z', '2026-11-23T06:00:00Z')).toBe('14:05');
    expect(shortTime('2026-11-22T05:05:00Z', '2026-11-23T06:00:00Z')).toBe('11-22 14:05');
    expect(shortTime('2026-11-23T15:00:00Z', '2026-11-23T14:59:59Z')).toBe('11-24 00:00');
  });

  test('an age is told in the largest unit that fits and never below zero', () => {
    expect(age(0, 59_999)).toBe('59초');
    expect(age(0, 180_000)).toBe('3분');
    expect(age(0, 7_200_000)).toBe('2시간');
    expect(age(5_000, 0)).toBe('0초');
  });
});

describe('texts', () => {
  test('exist in both languages with the same places to fill', () => {
    expect(Object.keys(en)).toEqual(Object.keys(ko));
    const places = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();
    for (const [key, text] of Object.entries(ko))
      expect(places(en[key as keyof typeof en]), key).toEqual(places(text));
  });

  test('an unknown error shows the core’s own words and its code', () => {
    const text = explain({ code: 'new_code', message: 'Drawer open.', detail: 'The lid is up.' });
    expect(text.what).toBe('Drawer open.');
    expect(text.why).toBe('The lid is up.');
    expect(text.now).toContain('new_code');
  });
});

describe('the scan detector', () => {
  const type = (detector: ScanDetector, code: string, gapMs: number): number => {
    let atMs = 0;
    for (const character of code) detector.push(character, (atMs += gapMs));
    return atMs;
  };

  test('hears a whole code typed within milliseconds', () => {
    const detector = new ScanDetector();
    const atMs = type(detector, '8801234500035', 5);
    expect(detector.end(atMs + 5)).toBe('8801234500035');
  });

  test('does not take fingers or short numbers for a scan', () => {
    const slow = new ScanDetector();
    expect(slow.end(type(slow, '8801234500035', 90))).toBeNull();
    const short = new ScanDetector();
    expect(short.end(type(short, '50000', 5))).toBeNull();
  });

  test('reads keys by their place, so the input method does not matter', () => {
    expect(characterOf('KeyQ')).toBe('Q');
    expect(characterOf('Numpad7')).toBe('7');
    expect(characterOf('F1')).toBeNull();
  });
});
