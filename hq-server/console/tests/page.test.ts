import { cleanup, render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import App from '../src/App.svelte';
import AcknowledgementsDrawer from '../src/products/AcknowledgementsDrawer.svelte';
import PriceDialog from '../src/products/PriceDialog.svelte';
import DispatchDialog from '../src/orders/DispatchDialog.svelte';
import PlaceOrderDialog from '../src/orders/PlaceOrderDialog.svelte';
import StatusSteps from '../src/orders/StatusSteps.svelte';
import Received from '../src/orders/Received.svelte';
import { RequestFailure } from '../src/shared/api';
import { failureText } from '../src/shared/failure';
import { reading } from '../src/shared/i18n.svelte';
import { route } from '../src/shared/route.svelte';
import { session } from '../src/shared/session.svelte';
import { minutesAgo, sampleOrder, sampleProduct, sampleStation } from '../src/testing/samples';
import { answerWith, type Asked } from './answers';

const user = userEvent.setup();

/** An HQ that knows one station, one product and one planned order. */
function hq(changes: Partial<Record<string, unknown>> = {}): Asked[] {
  const answers: Record<string, unknown> = {
    '/stations': [sampleStation()],
    '/products': [sampleProduct()],
    '/orders': [sampleOrder()],
    '/shipments': [],
    '/devices': [],
    '/roles': [],
    '/settings/logistics': { autoDispatch: false },
    '/summary': {
      salesCount: 3,
      salesAmount: 33_400,
      cancelledCount: 0,
      quarantined: 0,
      asideCount: 0,
      asideAmount: 0,
      chainVersion: 1,
      hqIncarnation: 'a',
    },
    ...changes,
  };
  return answerWith(({ path }) => ({ json: answers[path.replace('/api/v1', '')] ?? {} }));
}

beforeEach(() => {
  reading.read('en');
  session.signIn('token');
  location.hash = '#/stations';
  route.follow();
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

describe('stations', () => {
  test('a station never seen shows no numbers, least of all zero', async () => {
    const never = {
      state: 'never',
      lastSeenAt: null,
      pendingCount: null,
      todaySalesCount: 0,
      todaySalesAmount: 0,
    } as const;
    hq({ '/stations': [sampleStation({ stationCode: 'ST0004', ...never, terminals: [] })] });
    render(App);
    const row = await screen.findByTestId('station-row-ST0004');
    expect(row.textContent).toContain('Never seen');
    expect(screen.getByTestId('backlog-ST0004').textContent.trim()).toBe('—');
    expect(row.textContent).not.toContain('₩0');
  });

  test('r17: a station shows what it lacks at HQ, when HQ acknowledged last, and since when a till is silent', async () => {
    const [one] = sampleStation().terminals;
    if (one === undefined) throw new Error('a terminal');
    const silent = { ...one, pendingCount: 5, staleSince: '2026-11-23T04:51:05Z' };
    const behind = { ...silent, behind: true, behindSince: '2026-11-23T04:00:00Z', appliedVersion: 11 };
    const change = { pendingCount: 14, pendingOldestAt: minutesAgo(3), lastAckAt: minutesAgo(5), terminals: [behind] };
    hq({ '/stations': [sampleStation({ stationCode: 'ST0007', ...change })] });
    render(App);
    expect((await screen.findByTestId('backlog-ST0007')).textContent).toMatch(/14\s*oldest \d minutes ago/);
    expect(screen.getByTestId('last-ack-ST0007').textContent).toMatch(/acknowledged \d minutes ago/);
    const row = screen.getByTestId('station-row-ST0007');
    expect(row.textContent).toMatch(/1 behind on prices\s*since .* ago/);
    await user.click(screen.getByTestId('station-ST0007'));
    expect(screen.getByTestId('unsent-ST0007-1').textContent).toMatch(/5\s*silent since 2026-11-23 13:51/);
  });

  test('r14: a station shows its money set aside, and alarms of its data with what to do', async () => {
    const detail = 'life 4e4e ends, life 5f5f begins';
    const alarms = [{ kind: 'new_life', at: '2026-11-23T04:58:00Z', detail } as const];
    hq({ '/stations': [sampleStation({ stationCode: 'ST0008', quarantined: 3, quarantinedAmount: 66_800, alarms })] });
    render(App);
    expect((await screen.findByTestId('quarantined-ST0008')).textContent).toContain(
      'includes ₩66,800 in 3 entries set aside',
    );
    await user.click(screen.getByTestId('station-ST0008'));
    const told = screen.getByTestId('alarms-ST0008').textContent;
    expect(told).toContain('2026-11-23 13:58 · The database was restored, cloned or moved');
    expect(told).toContain(`${detail} If nobody meant to, look for a cloned disk.`);
  });

  test('a stale station keeps its last numbers and says how old they are', async () => {
    const lastSeenAt = new Date(Date.now() - 3 * 3_600_000 - 60_000).toISOString();
    hq({ '/stations': [sampleStation({ state: 'stale', lastSeenAt, pendingCount: 0 })] });
    render(App);
    const row = await screen.findByTestId('station-row-ST0001');
    expect(row.textContent).toContain('Stale');
    expect(row.textContent).toContain('₩11,482,500');
    expect(screen.getByTestId('backlog-ST0001').textContent).toMatch(/—\s*as of 3 hours ago/);
  });

  test('opening a station shows its terminals and puts it in the address', async () => {
    const [one] = sampleStation().terminals;
    if (one === undefined) throw new Error('the sample has terminals');
    hq({ '/stations': [sampleStation({ terminals: [{ ...one, behind: true, appliedVersion: 11 }] })] });
    render(App);
    await user.click(await screen.findByTestId('station-ST0001'));
    expect((await screen.findByTestId('terminal-ST0001-1')).textContent).toMatch(/Behind.*v11/s);
    expect(location.hash).toBe('#/stations/ST0001');
  });

  test('an empty list says how stations come to be there', async () => {
    hq({ '/stations': [] });
    render(App);
    expect((await screen.findByTestId('empty')).textContent).toContain('[[stations]]');
  });
});

describe('orders', () => {
  test.each([
    ['ordered', 'Ordered', 1],
    ['shipped', 'Shipped', 2],
    ['receiving', 'Receiving', 3],
    ['confirmed', 'Confirmed', 4],
  ] as const)('the status %s is told as a word and as a step', (status, word, step) => {
    render(StatusSteps, { order: sampleOrder({ status }) });
    const shown = screen.getByTestId('order-status-OR-00000001');
    expect(shown.textContent).toContain(word);
    expect(shown.textContent).toContain(`step ${step} of 4`);
  });

  test('a cancelled order shows no steps', () => {
    render(StatusSteps, { order: sampleOrder({ status: 'cancelled' }) });
    expect(screen.getByTestId('order-status-OR-00000001').textContent.trim()).toBe('Cancelled');
  });

  test('a short receipt says so in words', () => {
    render(Received, { order: sampleOrder({ receivedMilli: 19_950_000, overShortMilli: -50_000 }) });
    expect(screen.getByTestId('over-short-OR-00000001').textContent).toMatch(/Short\s+−50\.000 L/);
  });

  test('litres are sent as thousandths', async () => {
    const asked = hq();
    const onplaced = vi.fn();
    render(PlaceOrderDialog, { onclose: vi.fn(), onplaced });
    await screen.findByText('SK Imme (ST0001)');
    await user.selectOptions(screen.getByTestId('order-station'), 'ST0001');
    await user.selectOptions(screen.getByTestId('order-product'), 'CD1001');
    await user.type(screen.getByTestId('order-qty'), '1.005');
    await user.click(screen.getByTestId('order-submit'));
    await waitFor(() => expect(onplaced).toHaveBeenCalled());
    const sent = asked.find((request) => request.method === 'POST');
    expect(sent?.body).toEqual({ stationCode: 'ST0001', productId: 'CD1001', quantityMilli: 1_005 });
  });

  test('an order without a station, product or quantity is not sent', async () => {
    const asked = hq();
    render(PlaceOrderDialog, { onclose: vi.fn(), onplaced: vi.fn() });
    await user.click(screen.getByTestId('order-submit'));
    expect(screen.getByText('Choose the station that receives it.')).toBeTruthy();
    expect(screen.getByText('Enter a number above zero with at most three decimals.')).toBeTruthy();
    expect(asked.some((request) => request.method === 'POST')).toBe(false);
  });

  test('a shipment does not leave without a vehicle number', async () => {
    const asked = hq();
    const order = sampleOrder();
    const shipment = {
      ...order,
      shipId: 'SH 1',
      carNumber: null,
      state: 'planned',
      plannedAt: order.orderedAt,
      shippedAt: null,
    } as const;
    const ondispatched = vi.fn();
    render(DispatchDialog, { shipment, onclose: vi.fn(), ondispatched });
    await user.click(screen.getByTestId('dispatch-submit'));
    expect(screen.getByText('Enter the vehicle number.')).toBeTruthy();
    expect(asked).toEqual([]);
    await user.type(screen.getByTestId('dispatch-car'), ' 서울80바1234 ');
    await user.click(screen.getByTestId('dispatch-submit'));
    await waitFor(() => expect(ondispatched).toHaveBeenCalled());
    expect(asked[0]?.path).toBe('/api/v1/shipments/SH%201/dispatch');
    expect(asked[0]?.body).toEqual({ carNumber: '서울80바1234' });
  });

  test('a stopped role is announced with what it means', async () => {
    location.hash = '#/orders';
    route.follow();
    hq({ '/roles': [{ role: 'logistics', state: 'stopped' }] });
    render(App);
    expect((await screen.findByTestId('role-stopped-logistics')).textContent).toContain('no shipment is planned');
  });
});

describe('products', () => {
  test('a price change shows old, new and the difference before it is sent', async () => {
    const asked = hq();
    const onchanged = vi.fn();
    render(PriceDialog, { product: sampleProduct(), onclose: vi.fn(), onchanged });
    await user.type(screen.getByTestId('price-new'), '1,690');
    expect(screen.getByTestId('price-preview').textContent).toMatch(/₩1,670.*₩1,690.*\+₩20/s);
    await user.click(screen.getByTestId('price-submit'));
    await waitFor(() => expect(onchanged).toHaveBeenCalled());
    const sent = asked.find((request) => request.method === 'POST');
    expect(sent?.path).toBe('/api/v1/products/CD1001/prices');
    expect(sent?.body).toEqual({ price: 1_690, effectiveAt: null, stationCode: null });
  });

  test('of a very long list only the first rows are drawn, and the rest is offered', async () => {
    const many = Array.from({ length: 450 }, (_, index) => sampleProduct({ productId: `GD${index}` }));
    hq({ '/products': many });
    location.hash = '#/products';
    route.follow();
    render(App);
    await screen.findByText('Showing 300 of 450');
    expect(screen.queryByTestId('product-GD400')).toBeNull();
    await user.click(screen.getByTestId('more-rows'));
    expect(screen.getByTestId('product-GD400')).toBeTruthy();
  });

  test('those who have not applied the price come first, with since when', async () => {
    const row = { stationCode: 'ST0001', stationName: 'SK Imme', neededVersion: 13, appliedAt: null };
    hq({
      '/products/CD1001/acknowledgements': [
        { ...row, terminal: 1, appliedVersion: 13, state: 'applied', since: null },
        { ...row, terminal: 2, appliedVersion: 12, state: 'behind', since: '2026-11-23T05:05:00Z' },
      ],
    });
    render(AcknowledgementsDrawer, { productId: 'CD1001', name: 'Gasoline', onclose: vi.fn() });
    const behind = await screen.findByTestId('ack-ST0001-2');
    expect(behind.textContent).toContain('since 2026-11-23 14:05');
    expect(behind.compareDocumentPosition(screen.getByTestId('ack-ST0001-1'))).toBe(Node.DOCUMENT_POSITION_FOLLOWING);
    expect(screen.getByTestId('acks-sum').textContent).toContain('Applied 1 of 2 terminals');
  });
});

describe('the frame', () => {
  test('without a token the page asks for one, and after a refusal says why', async () => {
    session.signOut();
    answerWith(() => ({ status: 401 }));
    render(App);
    expect(screen.queryByTestId('token-refused')).toBeNull();
    await user.type(screen.getByTestId('token'), 'wrong');
    await user.click(screen.getByTestId('token-submit'));
    expect((await screen.findByTestId('token-refused')).textContent).toContain('HQ refused the token.');
  });

  test('a list that was never answered offers to try again', async () => {
    answerWith(() => 'nothing');
    render(AcknowledgementsDrawer, { productId: 'CD9999', name: 'CD9999', onclose: vi.fn() });
    expect((await screen.findByTestId('failed-notice')).textContent).toContain('HQ does not answer.');
    expect(screen.getByTestId('retry')).toBeTruthy();
  });

  test('the language is switched at once and kept', async () => {
    hq();
    render(App);
    await user.click(screen.getByTestId('lang-ko'));
    expect(screen.getByTestId('nav-stations').textContent).toContain('주유소');
    expect(document.documentElement.lang).toBe('ko');
    expect(localStorage.getItem('juyu.console.language')).toBe('ko');
  });

  test('arrow keys walk the rows of a table', async () => {
    hq({ '/stations': [sampleStation(), sampleStation({ stationCode: 'ST0002' })] });
    render(App);
    (await screen.findByTestId('station-ST0001')).focus();
    await user.keyboard('{ArrowDown}');
    expect(document.activeElement).toBe(screen.getByTestId('station-ST0002'));
    await user.keyboard('{ArrowUp}');
    expect(document.activeElement).toBe(screen.getByTestId('station-ST0001'));
  });

  test('a known error code has its shared text, an unknown one what HQ said', () => {
    expect(failureText(new RequestFailure('unknown_product', 'x', 404)).now).not.toBe('');
    expect(failureText(new RequestFailure('never_heard_of', 'Because of this.', 409)).why).toBe('Because of this.');
    expect(failureText(new RequestFailure('unexpected_answer', '', 502)).why).toContain('502');
  });
});
