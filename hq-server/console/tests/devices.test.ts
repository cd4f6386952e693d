import { cleanup, render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import App from '../src/App.svelte';
import CodeDialog from '../src/devices/CodeDialog.svelte';
import { certificateState, devices, enrolledBy, groupsOf, ofStation, timeLeft } from '../src/devices/devices';
import RevokeDialog from '../src/devices/RevokeDialog.svelte';
import type { Device } from '../src/generated/Device';
import { clock } from '../src/shared/clock.svelte';
import { reading } from '../src/shared/i18n.svelte';
import { route } from '../src/shared/route.svelte';
import { session } from '../src/shared/session.svelte';
import { FakeDevices } from '../src/testing/fake-devices';
import { minutesAgo, sampleDevice, sampleStation } from '../src/testing/samples';
import { answerWith, type Asked } from './answers';

const CODE = 'K7Q2-M9XA-0000-1111-2222-3333-4444-555Z';
const user = userEvent.setup();

/** An HQ that knows one station with these devices; codes it makes live `minutes` more. */
function hq(known: Device[], minutes = 15): Asked[] {
  return answerWith(({ method, path, body }) => {
    const name = path.replace('/api/v1', '');
    if (name === '/enrolment-codes') {
      return { json: { code: CODE, stationCode: 'ST0001', expiresAt: minutesAgo(-minutes) } };
    }
    if (method === 'POST') {
      const { reason, overridePending } = body as { reason: string; overridePending: boolean };
      const device = known.find(({ deviceId }) => name === `/devices/${deviceId}/revoke`);
      if (device === undefined) return { status: 404, json: { code: 'unknown_device', detail: '' } };
      const hasPending = device.pending > 0 || device.silentSince !== null;
      if (hasPending && !overridePending) return { status: 409, json: { code: 'pending_entries', detail: '' } };
      return { json: Object.assign(device, { revokedAt: minutesAgo(0), revokedWhy: reason }) };
    }
    if (name === '/devices') return { json: known };
    if (name === '/summary') return { json: summary };
    return { json: name === '/stations' ? [sampleStation()] : [] };
  });
}

const summary = {
  salesCount: 0,
  salesAmount: 0,
  cancelledCount: 0,
  quarantined: 0,
  asideCount: 0,
  asideAmount: 0,
  chainVersion: 1,
  hqIncarnation: 'a',
};

const till = () => sampleDevice({ deviceId: 'b'.repeat(32), kind: 'till', terminal: 2 });

beforeEach(() => {
  reading.read('en');
  session.signIn('token');
  clock.now = new Date();
  devices.value = null;
  location.hash = '#/stations/ST0001';
  route.follow();
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

describe('an enrolment code', () => {
  test('is asked for once and shown in groups of four, with the time it has left', async () => {
    const asked = hq([]);
    render(CodeDialog, { station: sampleStation(), onclose: vi.fn() });
    expect((await screen.findByTestId('code')).textContent.trim()).toBe(CODE.replaceAll('-', ' '));
    expect(screen.getByTestId('code-left').textContent).toMatch(/Time left (15:00|14:59)/);
    const sent = asked.filter(({ method }) => method === 'POST');
    expect(sent.map(({ body }) => body)).toEqual([{ stationCode: 'ST0001' }]);
    expect(sent[0]?.headers['Idempotency-Key']).toMatch(/^[0-9a-f]{32}$/);
  });

  test('is copied with its dashes', async () => {
    hq([]);
    const written = vi.spyOn(navigator.clipboard, 'writeText').mockResolvedValue();
    render(CodeDialog, { station: sampleStation(), onclose: vi.fn() });
    await user.click(await screen.findByTestId('code-copy'));
    await waitFor(() => expect(written).toHaveBeenCalledWith(CODE));
    expect((await screen.findByTestId('code-copy')).textContent).toContain('Copied');
  });

  test('that has expired is struck out, and another is one press away', async () => {
    let minutes = -1;
    answerWith(({ method }) => ({
      json: method === 'GET' ? [] : { code: CODE, stationCode: 'ST0001', expiresAt: minutesAgo(-minutes) },
    }));
    render(CodeDialog, { station: sampleStation(), onclose: vi.fn() });
    expect((await screen.findByTestId('code-expired')).textContent).toContain('The code has expired.');
    expect(screen.getByTestId('code').dataset['state']).toBe('expired');
    expect(screen.queryByTestId('code-copy')).toBeNull();
    minutes = 15;
    await user.click(screen.getByTestId('code-again'));
    await waitFor(() => expect(screen.getByTestId('code').dataset['state']).toBe('live'));
  });

  test('that was used says which device it enrolled', async () => {
    hq([sampleDevice({ enrolledAt: minutesAgo(-1) })]);
    render(CodeDialog, { station: sampleStation(), onclose: vi.fn() });
    expect((await screen.findByTestId('code-used')).textContent).toContain('Device a7c41e90 has its certificate.');
  });

  test('that cannot be made says why, and asking again uses the same key', async () => {
    const asked = answerWith(() => 'nothing');
    render(CodeDialog, { station: sampleStation(), onclose: vi.fn() });
    expect((await screen.findByTestId('code-failure')).textContent).toContain('HQ does not answer.');
    await user.click(screen.getByTestId('code-retry'));
    const keys = asked.filter(({ method }) => method === 'POST').map(({ headers }) => headers['Idempotency-Key']);
    expect(keys).toHaveLength(2);
    expect(new Set(keys).size).toBe(1);
  });

  test('counts down in minutes and seconds, and is used up at its last second', () => {
    const now = new Date('2026-11-23T05:00:00Z');
    expect(timeLeft('2026-11-23T05:14:05Z', now)).toBe('14:05');
    expect(timeLeft('2026-11-23T05:00:00.400Z', now)).toBe('0:00');
    expect(timeLeft('2026-11-23T05:00:00Z', now)).toBeNull();
    expect(groupsOf('K7Q2-M9XA')).toEqual(['K7Q2', 'M9XA']);
    expect(groupsOf('K7Q2M9XA')).toEqual(['K7Q2', 'M9XA']);
  });

  test('is not taken as used by a device enrolled before it, of another station or of another kind', () => {
    const code = { code: CODE, stationCode: 'ST0001', expiresAt: minutesAgo(-10) };
    const fresh = { enrolledAt: minutesAgo(1) };
    expect(enrolledBy(code, [sampleDevice(fresh)])).toBeDefined();
    for (const other of [
      { enrolledAt: minutesAgo(6) },
      { ...fresh, stationCode: 'ST0002' },
      { ...fresh, kind: 'till' as const },
      { ...fresh, revokedAt: minutesAgo(0) },
    ])
      expect(enrolledBy(code, [sampleDevice(other)])).toBeUndefined();
  });

  test('of the fake has the form of a real one', () => {
    const { code } = new FakeDevices().makeCode('ST0001', 'usual');
    expect(code).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){7}[0-9A-HJKMNP-TV-Z]{4}$/);
  });
});

describe('the devices of a station', () => {
  test('are listed with kind, number and certificate, and marked when it ends soon or has ended', async () => {
    const ending = { ...till(), certificateEndsAt: minutesAgo(-60 * 24 * 9 - 5) };
    const ended = sampleDevice({ deviceId: 'c'.repeat(32), kind: 'office', certificateEndsAt: minutesAgo(5) });
    hq([ending, ended, sampleDevice(), sampleDevice({ deviceId: 'd'.repeat(32), stationCode: 'ST0002' })]);
    render(App);
    const row = await screen.findByTestId(`device-${'b'.repeat(32)}`);
    expect(row.textContent).toMatch(/Till 2.*bbbbbbbb.*9 days left/s);
    expect(screen.getByTestId(`device-${'c'.repeat(32)}`).textContent).toMatch(/Back office.*Ended/s);
    expect(screen.getByTestId(`device-${'a7c41e90'.repeat(4)}`).textContent).not.toMatch(/left|Ended/);
    expect(screen.queryByTestId(`device-${'d'.repeat(32)}`)).toBeNull();
  });

  test('none yet says what to do', async () => {
    hq([]);
    render(App);
    expect((await screen.findByTestId('devices-none-ST0001')).textContent).toContain('‘Enrol’');
  });

  test('a device is revoked with a reason, and then shows it', async () => {
    const asked = hq([till()]);
    render(App);
    await user.click(await screen.findByTestId(`revoke-${'b'.repeat(32)}`));
    await user.click(screen.getByTestId('revoke-submit'));
    expect(screen.getByText('Enter the reason.')).toBeTruthy();
    expect(asked.some(({ method }) => method === 'POST')).toBe(false);
    await user.type(screen.getByTestId('revoke-reason'), ' 분실 ');
    await user.click(screen.getByTestId('revoke-submit'));
    await waitFor(() => expect(screen.queryByTestId('revoke-dialog')).toBeNull());
    expect(asked.find(({ method }) => method === 'POST')?.body).toEqual({ reason: '분실', overridePending: false });
    const row = screen.getByTestId(`device-${'b'.repeat(32)}`);
    await waitFor(() => expect(row.textContent).toMatch(/Revoked \d{4}-.*분실/s));
    expect(within(row).queryByRole('button')).toBeNull();
  });

  test('r17: a device with entries pending is not revoked until somebody says to go on', async () => {
    const silentSince = '2026-11-23T04:51:05Z';
    const asked = hq([sampleDevice({ deviceId: 'b'.repeat(32), kind: 'till', terminal: 2, pending: 5, silentSince })]);
    render(App);
    await user.click(await screen.findByTestId(`revoke-${'b'.repeat(32)}`));
    const told = screen.getByTestId('revoke-pending').textContent;
    expect(told).toContain('5 entries of this device have not reached head office.');
    expect(told).toContain('Nothing is heard of it since 2026-11-23 13:51: it may hold more.');
    await user.type(screen.getByTestId('revoke-reason'), 'lost');
    await user.click(screen.getByTestId('revoke-submit'));
    expect((await screen.findByTestId('failure')).textContent).toContain('It was not revoked.');
    await user.click(screen.getByTestId('revoke-go-on'));
    await user.click(screen.getByTestId('revoke-submit'));
    await waitFor(() => expect(screen.queryByTestId('revoke-dialog')).toBeNull());
    const sent = asked.filter(({ method }) => method === 'POST').map(({ body }) => body);
    expect(sent).toEqual([
      { reason: 'lost', overridePending: false },
      { reason: 'lost', overridePending: true },
    ]);
  });

  test('r17: going on is not offered without need', () => {
    hq([]);
    render(RevokeDialog, { station: sampleStation(), onclose: vi.fn(), onrevoked: vi.fn(), device: till() });
    expect(screen.queryByTestId('revoke-pending')).toBeNull();
  });

  test('only revoking an agent warns that its authority goes too', () => {
    hq([]);
    const props = { station: sampleStation(), onclose: vi.fn(), onrevoked: vi.fn() };
    const dialog = render(RevokeDialog, { ...props, device: till() });
    expect(screen.getByTestId('revoke-consequences').textContent).toContain('within a minute');
    expect(screen.getByTestId('revoke-consequences').textContent).not.toContain('authority');
    dialog.unmount();
    render(RevokeDialog, { ...props, device: sampleDevice() });
    expect(screen.getByTestId('revoke-consequences').textContent).toContain('authority');
  });

  test('a certificate is marked from fourteen days before its end', () => {
    const now = new Date('2026-11-01T00:00:00Z');
    expect(certificateState(null, now)).toEqual({ state: 'none' });
    expect(certificateState('2026-11-15T00:00:00Z', now)).toEqual({ state: 'valid' });
    expect(certificateState('2026-11-14T23:59:59Z', now)).toEqual({ state: 'ending', days: 13 });
    expect(certificateState('2026-11-01T00:00:00Z', now)).toEqual({ state: 'ended' });
  });

  test('the agent comes first, then tills by number, and the revoked last', () => {
    const rows = [
      { ...till(), deviceId: 'x', revokedAt: minutesAgo(1) },
      { ...till(), deviceId: 'two' },
      { ...till(), deviceId: 'one', terminal: 1 },
      sampleDevice({ deviceId: 'agent' }),
    ];
    expect(ofStation(rows, 'ST0001').map(({ deviceId }) => deviceId)).toEqual(['agent', 'one', 'two', 'x']);
  });
});
