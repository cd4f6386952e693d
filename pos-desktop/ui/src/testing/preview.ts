// The till's screens over the fake core, steered by the address, for looking at them in a browser:
// ?setup shows a till without an identity, which knows the code of fakeTill.ts;
// #error=code_expired answers that to every code.
// #lang=en&theme=dark&scenario=offline&do=product-CD1001,preset-50000,tender-cash
import { CODE, FakeTill } from './fakeTill';
import { longNames } from './samples';

const wish = new URLSearchParams(location.hash.slice(1));
const till = new FakeTill();
till.status.language = wish.get('lang') === 'en' ? 'en' : 'ko';
till.status.theme = wish.get('theme') === 'dark' ? 'dark' : 'light';

function sell(productId: string, won: number, kind: 'cash' | 'card' | 'account'): void {
  till.answer('cart_add_line', { productId, entry: { by: 'amount', won } });
  const total = till.cart().total;
  const tender = {
    cash: { kind: 'cash', received: 100_000 },
    card: { kind: 'card', amount: total, approvalNo: '30011234' },
    account: { kind: 'account', amount: total, accountId: 'AC01' },
  }[kind];
  till.answer('complete_sale', { tenders: [tender] });
}

const lost = { code: 'storage_failed', message: '저장소를 읽지 못했습니다.', detail: null };
const scenarios: Record<string, () => void> = {
  empty: () => (till.products = []),
  long: () => {
    till.products = longNames();
    till.status.stationName = '경기도 의정부시 민락제2지구 행복주유소 셀프본점';
  },
  failing: () => ['product_menu', 'recent_sales'].forEach((name) => till.failing.set(name, lost)),
  silent: () => setTimeout(() => till.failing.set('till_status', lost), 100),
  sales: () => {
    sell('CD1001', 50_000, 'cash');
    sell('CD1002', 70_000, 'card');
    sell('CD1003', 33_400, 'account');
    till.reach(true);
    sell('CD1001', 30_000, 'cash');
    till.answer('cancel_sale', { saleId: 'S0002' });
    till.reach(false);
    till.answer('cart_add_line', { productId: 'GD2003', entry: { by: 'quantity', milli: 2_000 } });
    sell('CD1001', 20_000, 'card');
  },
  live: () => {
    setInterval(() => {
      till.status.now = new Date().toISOString();
      till.reach(true);
    }, 1_500);
  },
  offline: () => {
    till.status.agentLink = 'down';
    till.status.pendingCount = 14;
    till.status.pendingOldestAt = '2026-11-23T05:01:30Z';
    till.status.clockDoubt = true;
  },
};

if (new URLSearchParams(location.search).has('setup')) {
  till.setup = { ...till.setup, enrolled: false, language: till.status.language };
  if (wish.get('scenario') === 'long') {
    const stationName = '경기도 의정부시 민락제2지구 행복주유소 셀프본점';
    till.codes.set(CODE, { stationCode: 'ST0003', stationName, terminal: 12 });
  }
  const code = wish.get('error');
  if (code !== null) till.failing.set('enrol', { code, message: code, detail: null });
  document.documentElement.dataset['theme'] = till.status.theme;
}
const trouble = wish.get('trouble');
if (trouble !== null) {
  const detail = `/var/lib/juyu/till/till.db: ${trouble} (schema 12, this one knows 9)`;
  till.setup = {
    ...till.setup,
    language: till.status.language,
    trouble: { code: trouble, detail },
  };
  document.documentElement.dataset['theme'] = till.status.theme;
}
for (const scenario of (wish.get('scenario') ?? '').split(',')) scenarios[scenario]?.();
till.install();
await import('../main');

for (const testid of (wish.get('do') ?? '').split(',').filter(Boolean)) {
  await new Promise((resolve) => setTimeout(resolve, 60));
  const [target, text] = testid.split('=');
  const element = document.querySelector<HTMLElement>(`[data-testid="${target}"]`);
  if (element instanceof HTMLInputElement && text !== undefined) {
    element.value = text;
    element.dispatchEvent(new Event('input', { bubbles: true }));
  } else element?.click();
}
