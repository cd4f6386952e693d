// The whole window over a fake core, and a cashier's hands on it.
import { fireEvent, render, screen, waitFor } from '@testing-library/svelte';
import { expect } from 'vitest';
import Main from '../views/Main.svelte';
import Till from '../views/Till.svelte';
import { FakeTill } from './fakeTill';

export async function openTill(prepare: (till: FakeTill) => void = () => undefined) {
  const till = new FakeTill();
  prepare(till);
  till.install();
  render(Till);
  await waitFor(() => expect(till.callsOf('recent_sales').length).toBeGreaterThan(0));
  await shown('station-name');
  return till;
}

/** The window of a till that has no identity yet. */
export async function openSetup(prepare: (till: FakeTill) => void = () => undefined) {
  const till = new FakeTill();
  till.setup = { ...till.setup, enrolled: false };
  prepare(till);
  till.install();
  render(Main);
  await shown('setup');
  return till;
}

export const shown = (testid: string) => screen.findByTestId(testid);
export const seen = (testid: string) => screen.getByTestId(testid);
export const absent = (testid: string) => screen.queryByTestId(testid) === null;
export const textOf = (testid: string) => seen(testid).textContent.replace(/\s+/g, ' ').trim();

export async function touch(...testids: string[]): Promise<void> {
  for (const testid of testids) await fireEvent.click(await shown(testid));
}

/** Types keys on the window, `gapMs` apart by the events' own clock. */
export async function keys(names: string[], gapMs = 200): Promise<void> {
  clockMs += PAUSE_MS;
  for (const name of names) {
    clockMs += gapMs;
    const event = new KeyboardEvent('keydown', {
      key: name,
      code: codeOf(name),
      bubbles: true,
      cancelable: true,
    });
    Object.defineProperty(event, 'timeStamp', { value: clockMs });
    await fireEvent(document.activeElement ?? document.body, event);
  }
}

export const scan = (code: string) => keys([...code, 'Enter'], 4);

/** Between two things a person does. */
const PAUSE_MS = 500;
let clockMs = 1_000;

function codeOf(name: string): string {
  if (/^\d$/.test(name)) return `Digit${name}`;
  if (/^[A-Za-z]$/.test(name)) return `Key${name.toUpperCase()}`;
  // What a Hangul input method puts on the key of the letter Q.
  if (name === 'ㅂ') return 'KeyQ';
  return name;
}
