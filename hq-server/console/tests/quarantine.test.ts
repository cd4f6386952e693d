import { cleanup, render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import App from '../src/App.svelte';
import { laidOut, quarantine, stationsOf } from '../src/quarantine/quarantine';
import { reading } from '../src/shared/i18n.svelte';
import { route } from '../src/shared/route.svelte';
import { session } from '../src/shared/session.svelte';
import { FakeHq } from '../src/testing/fake-hq';
import { answerWith, type Asked } from './answers';

const user = userEvent.setup();

function hq(scene: string): { asked: Asked[]; fake: FakeHq } {
  const fake = new FakeHq();
  fake.show(scene);
  const asked = answerWith(({ method, path, body }) =>
    fake.answer(method, path.replace('/api/v1', '').replace(/\?.*$/, ''), (body ?? {}) as Record<string, unknown>),
  );
  return { asked, fake };
}

const firstKey = () => new FakeHq().quarantine.rows[0]?.key ?? '';

beforeEach(() => {
  reading.read('en');
  session.signIn('token');
  quarantine.value = null;
  location.hash = '#/quarantine';
  route.follow();
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

describe('r14: what is set aside', () => {
  test('shows with its cause and its money, and the navigation counts what waits', async () => {
    hq('quarantine');
    render(App);
    const row = await screen.findByTestId(`aside-${firstKey()}`);
    expect(row.textContent).toContain('contradicts itself');
    expect(row.textContent).toContain('₩33,400');
    expect(row.textContent).toContain('in the totals');
    expect(screen.getByTestId('nav-quarantine-count').textContent).toBe('4');
    expect(screen.getByTestId('summary-aside').textContent).toContain('includes ₩33,400 in 1 entry set aside');
    await user.click(screen.getByTestId('aside-filter-closed'));
    expect((await screen.findByTestId('aside-filter-closed')).textContent).toContain('2');
  });

  test('has a state for when there is none', async () => {
    hq('usual');
    render(App);
    expect(await screen.findByText('Nothing is quarantined')).toBeTruthy();
    expect(screen.getByTestId('replay-all')).toHaveProperty('disabled', true);
  });

  test('is read as it came, tried again, and settled with a reason', async () => {
    const { asked } = hq('quarantine');
    render(App);
    await user.click(await screen.findByTestId(`aside-open-${firstKey()}`));
    await waitFor(() => expect(screen.getByTestId('payload-0').textContent).toContain('"t": "Sold"'));
    await user.click(screen.getByTestId('replay'));
    expect(await screen.findByTestId('replay-vain')).toBeTruthy();
    await user.click(screen.getByTestId('settle-open'));
    await user.click(screen.getByTestId('settle-submit'));
    expect(screen.getByTestId('settle-dialog').textContent).toContain('Give a reason.');
    await user.click(screen.getByTestId('settle-money-leftout'));
    await user.type(screen.getByTestId('settle-reason'), 'sold again');
    await user.click(screen.getByTestId('settle-submit'));
    await waitFor(() => expect(screen.queryByTestId('settle-dialog')).toBeNull());
    const sent = asked.filter(({ method, path }) => method === 'POST' && path.endsWith('/settle'));
    expect(sent.map(({ body }) => body)).toEqual([{ money: 'leftout', reason: 'sold again' }]);
    expect(screen.queryByTestId('replay')).toBeNull();
  });
});

test('an entry is laid out for reading, and left as it came when it is no JSON', () => {
  expect(laidOut('{"a":1}')).toBe('{\n  "a": 1\n}');
  expect(laidOut('\ufffd not a fact')).toBe('\ufffd not a fact');
  expect(stationsOf(new FakeHq().quarantine.rows)).toEqual(['ST0002']);
});
