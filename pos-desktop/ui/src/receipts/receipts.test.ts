import { waitFor, within } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import type { FakeTill } from '../testing/fakeTill';
import { keys, openTill, seen, shown, textOf, touch } from '../testing/window';

function withOneSale(till: FakeTill): void {
  till.answer('cart_add_line', { productId: 'CD1001', entry: { by: 'amount', won: 50_000 } });
  till.answer('complete_sale', { tenders: [{ kind: 'cash', received: 50_000 }] });
}

const markOf = (place: string) => within(seen('sale-row-S0001')).getByTestId(`mark-${place}`);

describe('the list of last sales', () => {
  test('marks in words and shape how far a sale has come, and follows it', async () => {
    const till = await openTill(withOneSale);
    await touch('nav-sales');
    await shown('sale-row-S0001');
    expect(markOf('till').textContent.trim()).toBe('단말 14:05');
    expect(markOf('station').textContent.trim()).toBe('점포 대기');
    till.reach(false);
    await waitFor(() => expect(markOf('station').dataset['reached']).toBe('yes'), {
      timeout: 3_000,
    });
    expect(markOf('hq').dataset['reached']).toBe('no');
    till.reach(true);
    await waitFor(() => expect(markOf('hq').textContent.trim()).toBe('본사 14:05'), {
      timeout: 3_000,
    });
  });

  test('shows the receipt of the newest sale without a touch', async () => {
    await openTill(withOneSale);
    await touch('nav-sales');
    expect((await shown('receipt-text')).textContent).toContain('1-1123-0001');
  });

  test('is walked with the arrow keys', async () => {
    await openTill((till) => {
      withOneSale(till);
      withOneSale(till);
    });
    await keys(['F11']);
    await waitFor(() => expect(textOf('receipt-text')).toContain('1-1123-0002'));
    await keys(['ArrowDown']);
    await waitFor(() => expect(textOf('receipt-text')).toContain('1-1123-0001'));
    expect(document.activeElement).toBe(seen('sale-open-S0001'));
  });

  test('says so when there are no sales yet', async () => {
    await openTill();
    await touch('nav-sales');
    expect((await shown('sales-empty')).textContent).toContain('아직 판매가 없습니다');
  });

  test('says what went wrong when it cannot be read', async () => {
    await openTill((till) =>
      till.failing.set('recent_sales', { code: 'storage_failed', message: '', detail: null }),
    );
    await touch('nav-sales');
    await shown('sales-failed');
  });
});

describe('cancelling a sale', () => {
  test('needs a reason, which is passed on, and keeps the sale in the list', async () => {
    const till = await openTill(withOneSale);
    await touch('nav-sales', 'cancel-S0001');
    const confirm = (await shown('confirm-cancel')) as HTMLButtonElement;
    expect(confirm.disabled).toBe(true);
    await touch('reason-customer', 'confirm-cancel');
    await waitFor(() => expect(seen('sale-row-S0001').dataset['cancelled']).toBe('yes'));
    expect(till.callsOf('cancel_sale')).toEqual([{ saleId: 'S0001', reason: 'customer' }]);
    expect(textOf('sale-row-S0001')).toContain('취소됨');
  });

  test('that the core refuses leaves the dialog open and says why', async () => {
    const till = await openTill(withOneSale);
    till.failing.set('cancel_sale', { code: 'not_this_shift', message: '', detail: null });
    await touch('nav-sales', 'cancel-S0001', 'reason-input', 'confirm-cancel');
    expect((await shown('notice')).dataset['code']).toBe('not_this_shift');
    expect(seen('cancel-dialog')).toBeTruthy();
  });
});
