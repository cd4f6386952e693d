import { mockIPC } from '@tauri-apps/api/mocks';
import { waitFor } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { locale } from '../shared/i18n.svelte';
import { FakeTill } from '../testing/fakeTill';
import { openTill, seen, shown, textOf, touch } from '../testing/window';
import { StatusWatch } from './status.svelte';

describe('the status bar', () => {
  test('r17: always says what is not yet at HQ, for how long, and when HQ last received something', async () => {
    await openTill((till) => {
      till.status.pendingCount = 14;
      till.status.pendingOldestAt = '2026-11-23T05:01:30Z';
    });
    expect(textOf('pending-chip')).toMatch(
      /^본사 미전송 14건, 최장 3분 본사가 마지막으로 받은 시각 \d\d:\d\d$/,
    );
    await touch('lang-en');
    await waitFor(() =>
      expect(textOf('pending-chip')).toMatch(
        /^Not yet at HQ: 14, oldest 3 min HQ last received something at \d\d:\d\d$/,
      ),
    );
  });

  test('names the station, the terminal and the business day', async () => {
    await openTill();
    expect(textOf('station-name')).toBe('SK Imme');
    expect(textOf('business-day')).toBe('2026-11-23');
    expect(textOf('clock')).toBe('14:05');
  });

  test('shows a lost station link in words, without stopping the sale', async () => {
    await openTill((till) => (till.status.agentLink = 'down'));
    expect(textOf('station-link')).toBe('점포 끊김');
    await touch('product-CD1001', 'preset-50000', 'tender-cash-exact');
    await shown('completed');
  });

  test('warns when the clock is in doubt', async () => {
    await openTill((till) => (till.status.clockDoubt = true));
    expect(textOf('banner-clock-doubt')).toContain('시계가 맞지 않을 수 있습니다');
  });

  test('says so when the core stops answering', async () => {
    const till = await openTill();
    till.failing.set('till_status', { code: 'storage_failed', message: '', detail: null });
    await waitFor(() => expect(seen('banner-core')).toBeTruthy(), { timeout: 8_000 });
  }, 10_000);

  test('switches the theme at once and asks the core to keep it', async () => {
    const till = await openTill();
    await touch('theme-dark');
    expect(document.documentElement.dataset['theme']).toBe('dark');
    expect(till.callsOf('set_theme')).toEqual([{ theme: 'dark' }]);
    await touch('theme-system');
    await waitFor(() => expect(document.documentElement.dataset['theme']).toBeUndefined());
  });
});

describe('a choice made in the window', () => {
  test('is not undone by an answer that was asked for before it', async () => {
    let answerOld = (): void => undefined;
    const till = new FakeTill();
    const old = { ...till.status };
    mockIPC((command, args) =>
      command === 'till_status' && till.callsOf('set_language').length === 0
        ? new Promise((resolve) => (answerOld = () => resolve(old)))
        : till.answer(command, (args ?? {}) as Record<string, unknown>),
    );
    const watch = new StatusWatch();
    const asked = watch.poll();
    const chosen = watch.chooseLanguage('en');
    answerOld();
    await Promise.all([asked, chosen]);
    expect(locale.language).toBe('en');
    await watch.poll();
    expect(locale.language).toBe('en');
  });
});
