import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import en from '../../../assets/locales/console.en.json';
import ko from '../../../assets/locales/console.ko.json';

const places = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(([place]) => place).sort();

test('Korean and English have the same texts', () => {
  expect(Object.keys(en)).toEqual(Object.keys(ko));
});

test('a text has the same places to fill in both languages', () => {
  const english: Record<string, string> = en;
  for (const [key, text] of Object.entries(ko)) expect([key, places(english[key] ?? '')]).toEqual([key, places(text)]);
});

test('every text is used by the page', () => {
  const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.(svelte|ts)$/.test(path))
    .map((path) => readFileSync(join('src', path), 'utf8'))
    .join('\n');
  // Keys put together from a value: `order.${order.status}`, `counted('terminals.count', ...)`.
  const built =
    /^(nav|alarm|order|shipment|connection|kind|tax|per|theme|role|age|deviceKind|quarantine\.(cause|now))\.\w+|\.(one|other)$/;
  const unused = Object.keys(ko).filter((key) => !built.test(key) && !sources.includes(`'${key}'`));
  expect(unused).toEqual([]);
});
