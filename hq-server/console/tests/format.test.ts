import { describe, expect, test } from 'vitest';
import { milliOfDecimal, wonOfText } from '../src/shared/entry';
import {
  age,
  clockTime,
  dateTime,
  instantOfLocalInput,
  localInputValue,
  priceDifference,
  productName,
  quantity,
  signedQuantity,
  signedWon,
  won,
} from '../src/shared/format';

describe('money', () => {
  test('has separators and the word won in Korean, the sign in English', () => {
    expect(won(33_400, 'ko')).toBe('33,400원');
    expect(won(33_400, 'en')).toBe('₩33,400');
    expect(won(-1_200, 'ko')).toBe('−1,200원');
  });

  test('a difference shows its sign', () => {
    expect(signedWon(priceDifference(1_670, 1_690), 'ko')).toBe('+20원');
    expect(signedWon(priceDifference(1_690, 1_670), 'en')).toBe('−₩20');
    expect(signedWon(0, 'ko')).toBe('0원');
  });

  test('is entered as whole won, with or without separators', () => {
    expect(wonOfText(' 1,690 ')).toBe(1_690);
    for (const bad of ['', '0', '-5', '1.5', '1e3', '16 90', '1000000001']) expect(wonOfText(bad)).toBeNull();
  });
});

describe('quantities', () => {
  test('litres keep three decimals and separators', () => {
    expect(quantity(20_000, 'L', 'ko')).toBe('20.000 L');
    expect(quantity(20_000_000, 'L', 'en')).toBe('20,000.000 L');
    expect(quantity(5, 'L', 'en')).toBe('0.005 L');
    expect(quantity(0, 'L', 'en')).toBe('0.000 L');
    expect(signedQuantity(-50_000, 'L', 'ko')).toBe('−50.000 L');
    expect(signedQuantity(12_500, 'L', 'ko')).toBe('+12.500 L');
  });

  test('pieces are whole', () => {
    expect(quantity(3_000, 'ea', 'ko')).toBe('3개');
    expect(quantity(1_200_000, 'ea', 'en')).toBe('1,200 ea');
  });

  test('decimal text becomes thousandths by its digits, without a float between', () => {
    expect(milliOfDecimal('20')).toBe(20_000);
    expect(milliOfDecimal('0.1')).toBe(100);
    // 1.005 * 1000 is 1004.9999999999999 in floating point.
    expect(milliOfDecimal('1.005')).toBe(1_005);
    expect(milliOfDecimal('20,000.25')).toBe(20_000_250);
    for (const bad of ['', '0', '0.000', '-1', '1.2345', '.5', '5.', 'abc', '1e3', '٣', '10000000000'])
      expect(milliOfDecimal(bad)).toBeNull();
  });
});

describe('times', () => {
  test('are shown in the zone of the stations', () => {
    expect(dateTime('2026-11-23T15:30:00Z')).toBe('2026-11-24 00:30');
    expect(clockTime(new Date('2026-11-23T05:05:10Z'))).toBe('14:05:10');
    expect(dateTime(null)).toBe('—');
  });

  test('entered times mean the zone of the stations', () => {
    expect(instantOfLocalInput('2026-11-24T00:00')?.toISOString()).toBe('2026-11-23T15:00:00.000Z');
    expect(localInputValue(new Date('2026-11-23T15:00:00Z'))).toBe('2026-11-24T00:00');
    expect(instantOfLocalInput('')).toBeNull();
  });

  test('an age is rounded down to its largest unit', () => {
    const now = new Date('2026-11-23T12:00:00Z');
    expect(age('2026-11-23T11:59:30Z', now)).toEqual({ unit: 'now', count: 0 });
    expect(age('2026-11-23T11:57:01Z', now)).toEqual({ unit: 'minutes', count: 2 });
    expect(age('2026-11-23T08:50:00Z', now)).toEqual({ unit: 'hours', count: 3 });
    expect(age('2026-11-20T12:00:00Z', now)).toEqual({ unit: 'days', count: 3 });
    expect(age('2026-11-23T12:00:05Z', now)).toEqual({ unit: 'now', count: 0 });
  });
});

test('a product without an English name keeps its Korean one', () => {
  expect(productName({ nameKo: '휘발유', nameEn: '' }, 'en')).toBe('휘발유');
  expect(productName({ nameKo: '휘발유', nameEn: 'Gasoline' }, 'en')).toBe('Gasoline');
});
