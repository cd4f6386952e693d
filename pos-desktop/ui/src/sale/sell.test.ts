import { fireEvent, waitFor } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { absent, keys, openTill, scan, seen, shown, textOf, touch } from '../testing/window';

describe('a common sale', () => {
  test('takes three touches: fuel, amount, exact cash', async () => {
    const till = await openTill();
    await touch('product-CD1001', 'preset-50000', 'tender-cash-exact');
    await shown('completed');
    expect(till.callsOf('complete_sale')).toEqual([
      { tenders: [{ kind: 'cash', received: 50_000 }] },
    ]);
    expect(textOf('receipt-no')).toBe('1-1123-0001');
    expect(textOf('change')).toBe('0원');
  });

  test('takes three keys, also when they come faster than the core answers', async () => {
    const till = await openTill();
    await keys(['F1', 'a', 'F9'], 5);
    await shown('completed');
    expect(till.callsOf('complete_sale')).toEqual([
      { tenders: [{ kind: 'cash', received: 50_000 }] },
    ]);
  });

  test('is typed alike while the Hangul input method is on', async () => {
    await openTill();
    await keys(['F2', 'ㅂ']);
    await waitFor(() => expect(textOf('total')).toBe('10,000원'));
  });

  test('leaves the products in reach, so that the next one begins with its first touch', async () => {
    await openTill();
    await touch('product-CD1001', 'preset-50000', 'tender-cash-exact');
    await shown('completed');
    await touch('product-CD1002', 'preset-20000');
    await waitFor(() => expect(textOf('total')).toBe('20,000원'));
    expect(absent('completed')).toBe(true);
  });

  test('pressed twice at its end is completed once', async () => {
    const till = await openTill();
    await touch('product-CD1001', 'preset-50000');
    await keys(['F9', 'F9'], 5);
    await shown('completed');
    expect(till.callsOf('complete_sale')).toHaveLength(1);
  });
});

describe('the entry pad', () => {
  test('sends litres as thousandths and shows what the core makes of them', async () => {
    const till = await openTill();
    await touch('product-CD1001', 'mode-litre', 'pad-2', 'pad-0', 'pad-dot', 'pad-5', 'pad-ok');
    await shown('cart-line-1');
    expect(till.callsOf('cart_add_line')).toEqual([
      { productId: 'CD1001', entry: { by: 'quantity', milli: 20_500 } },
    ]);
    expect(textOf('cart-line-1')).toContain('20.500 L × 1,670원');
    expect(textOf('total')).toBe('34,235원');
  });

  test('takes the amount first and the fuel after it', async () => {
    await openTill();
    await keys(['3', '3', '4', '0', '0', 'F1']);
    await waitFor(() => expect(textOf('total')).toBe('33,400원'));
    expect(textOf('cart-line-1')).toContain('20.000 L');
  });

  test('takes Enter for the amount although the touched tile has the focus', async () => {
    const till = await openTill();
    seen('product-CD1001').focus();
    await touch('product-CD1001');
    await keys(['5', '0', '0', '0', 'Enter']);
    await waitFor(() => expect(textOf('total')).toBe('5,000원'));
    expect(till.callsOf('cart_add_line')).toHaveLength(1);
  });

  test('refuses an amount as a number of pieces and says what to do', async () => {
    const till = await openTill();
    await touch('pad-5', 'pad-00', 'pad-0', 'product-GD2003');
    expect((await shown('notice')).textContent).toContain('수량이 너무 많아');
    expect(till.callsOf('cart_add_line')).toHaveLength(0);
  });
});

describe('the barcode scanner', () => {
  test('adds the product whatever was on the pad, and leaves the pad as it was', async () => {
    await openTill();
    await keys(['7']);
    await scan('8801234500035');
    await waitFor(() => expect(textOf('cart-line-1')).toContain('워셔액'));
    expect(textOf('cart-line-1')).toContain('7개');
  });

  test('is heard on the sales screen too', async () => {
    await openTill();
    await touch('nav-sales');
    await scan('8801234500035');
    await waitFor(() => expect(textOf('cart-line-1')).toContain('워셔액'));
  });

  test('reports an unknown barcode', async () => {
    await openTill();
    await scan('4006381333931');
    expect((await shown('notice')).dataset['code']).toBe('unknown_product');
  });
});

describe('paying', () => {
  test('passes the cash received on and shows the change the core gives', async () => {
    const till = await openTill();
    await touch('product-CD1001', 'preset-30000', 'tender-cash', 'cash-50000');
    await shown('completed');
    expect(till.callsOf('complete_sale')).toEqual([
      { tenders: [{ kind: 'cash', received: 50_000 }] },
    ]);
    expect(textOf('change')).toBe('20,000원');
  });

  test('offers only bundles of notes that cover the total', async () => {
    await openTill();
    await touch('product-CD1001', 'preset-30000', 'tender-cash');
    await shown('cash-40000');
    expect(absent('cash-20000')).toBe(true);
    expect(absent('cash-30000')).toBe(true);
  });

  test('keeps the cart and says why when the cash is short', async () => {
    await openTill();
    await touch('product-CD1001', 'preset-30000', 'tender-cash', 'pad-1', 'complete');
    expect((await shown('notice')).dataset['code']).toBe('tender_short');
    expect(textOf('total')).toBe('30,000원');
  });

  test('by card asks for the approval number before it can complete', async () => {
    const till = await openTill();
    await touch('product-CD1001', 'preset-30000');
    await keys(['F8']);
    const complete = (await shown('complete')) as HTMLButtonElement;
    expect(complete.disabled).toBe(true);
    await touch('pad-3', 'pad-00', 'pad-1', 'complete');
    await shown('completed');
    expect(till.callsOf('complete_sale')).toEqual([
      { tenders: [{ kind: 'card', amount: 30_000, approvalNo: '3001' }] },
    ]);
  });

  test('on account shows balance and limit before the sale is completed', async () => {
    const till = await openTill();
    await touch('product-CD1001', 'preset-30000');
    await keys(['F10']);
    await touch('account-AC02');
    expect((await shown('cart-account')).textContent).toMatch(/480,000원.*500,000원/);
    await touch('complete');
    await shown('completed');
    expect(till.callsOf('complete_sale')).toEqual([
      { tenders: [{ kind: 'account', amount: 30_000, accountId: 'AC02' }] },
    ]);
  });

  test('does not go through for a cart that lacks the line just refused', async () => {
    const till = await openTill();
    await touch('product-CD1001', 'preset-30000');
    await shown('cart-line-1');
    till.failing.set('cart_add_line', { code: 'storage_full', message: '', detail: null });
    await keys(['F2', 'q', 'F9'], 1);
    expect((await shown('notice')).dataset['code']).toBe('storage_full');
    expect(till.callsOf('complete_sale')).toHaveLength(0);
  });
});

describe('the cart', () => {
  test('comes back as the core kept it through a restart', async () => {
    await openTill((till) => {
      till.answer('cart_add_line', { productId: 'CD1001', entry: { by: 'amount', won: 70_000 } });
    });
    await waitFor(() => expect(textOf('total')).toBe('70,000원'));
  });

  test('comes back late when the core cannot tell it at first', async () => {
    const till = await openTill((fake) => {
      fake.answer('cart_add_line', { productId: 'CD1001', entry: { by: 'amount', won: 70_000 } });
      fake.failing.set('cart', { code: 'storage_failed', message: '', detail: null });
    });
    expect((await shown('notice')).dataset['code']).toBe('storage_failed');
    till.failing.clear();
    await waitFor(() => expect(textOf('total')).toBe('70,000원'), { timeout: 3_000 });
    expect(absent('notice')).toBe(true);
  });

  test('is emptied only after a question', async () => {
    const till = await openTill();
    await touch('product-GD2003');
    await shown('cart-line-1');
    await keys(['F12']);
    await touch('keep-cart');
    expect(textOf('total')).toBe('3,000원');
    await touch('cart-clear', 'confirm-clear');
    await shown('cart-empty');
    expect(till.callsOf('cart_clear')).toHaveLength(1);
  });

  test('survives Esc, which only takes back what is being typed', async () => {
    await openTill();
    await touch('product-GD2003');
    await shown('cart-line-1');
    await keys(['5', 'Escape']);
    expect(textOf('pad-display')).toBe('0');
    await keys(['Escape', 'Escape']);
    expect(textOf('total')).toBe('3,000원');
  });

  test('changes pieces by one and drops the line at none', async () => {
    await openTill();
    await touch('product-GD2003', 'line-plus-1');
    await waitFor(() => expect(textOf('cart-line-1')).toContain('2개'));
    await touch('line-minus-1');
    await waitFor(() => expect(textOf('cart-line-1')).toContain('1개'));
    await touch('line-minus-1');
    await shown('cart-empty');
  });
});

describe('the product list', () => {
  test('takes the first product found on Enter and shows the whole list again', async () => {
    await openTill();
    const box = seen('search') as HTMLInputElement;
    box.focus();
    await fireEvent.input(box, { target: { value: '커피' } });
    await waitFor(() => expect(absent('product-CD1001')).toBe(true));
    await keys(['Enter']);
    await waitFor(() => expect(textOf('cart-line-1')).toContain('캔커피'));
    await shown('product-CD1001');
  });

  test('that finds nothing says so and adds nothing', async () => {
    const till = await openTill();
    const box = seen('search') as HTMLInputElement;
    box.focus();
    await fireEvent.input(box, { target: { value: '없는 상품' } });
    expect((await shown('menu-none')).textContent).toContain('없는 상품');
    await keys(['Enter']);
    expect(till.callsOf('cart_add_line')).toHaveLength(0);
  });

  test('shows a changed price without being asked', async () => {
    const till = await openTill();
    await waitFor(() => expect(textOf('price-CD1001')).toBe('1,670원/L'));
    till.products = till.products.map((product) =>
      product.productId === 'CD1001' ? { ...product, price: 1_699 } : product,
    );
    await waitFor(() => expect(textOf('price-CD1001')).toBe('1,699원/L'), { timeout: 3_000 });
  });

  test('says what to do when the till has no products yet', async () => {
    await openTill((till) => (till.products = []));
    expect((await shown('menu-empty')).textContent).toContain('아직 판매할 상품이 없습니다');
  });

  test('says what went wrong when the list cannot be read, and tries again', async () => {
    const till = await openTill((fake) => {
      fake.failing.set('product_menu', { code: 'storage_failed', message: '', detail: null });
    });
    await shown('menu-failed');
    till.failing.clear();
    await touch('menu-retry');
    await shown('product-CD1001');
  });
});
