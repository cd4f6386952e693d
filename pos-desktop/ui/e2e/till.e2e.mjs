// Drives the real till window: sells by touch and by keyboard, follows the sale to the station and
// HQ, cancels one, switches the language, and takes pictures. Plain WebDriver over fetch.
//
//   node till.e2e.mjs --binary PATH --config FILE --port N --out DIR [--pictures]
//
// It wants a display of at least 1920x1080, WebKitWebDriver in PATH, and a station agent and an HQ
// that the till of the config can reach.
import { parseArgs } from 'node:util';
import {
  check,
  css,
  dataOf,
  equal,
  gone,
  inWindow,
  KEY,
  needed,
  picture,
  press,
  resize,
  run,
  shown,
  textOf,
  touch,
  until,
} from './window.mjs';

const { values: options } = parseArgs({
  options: {
    binary: { type: 'string' },
    config: { type: 'string' },
    port: { type: 'string' },
    out: { type: 'string' },
    pictures: { type: 'boolean', default: false },
  },
});
needed(options, ['binary', 'config', 'port', 'out']);
/** From the till through the agent to HQ and back, with the retries of a link that comes up late. */
const REACH_MS_MAX = 60_000;

const SIZES = [
  { width: 1280, height: 800 },
  { width: 1920, height: 1080 },
];

/** The sales listed, newest first. */
const saleIds = () =>
  run(
    `return [...document.querySelectorAll('[data-testid^="sale-row-"]')]
       .map((row) => row.dataset.testid.slice('sale-row-'.length));`,
  );

const saleOfReceipt = (receiptNo) =>
  run(
    `const row = [...document.querySelectorAll('[data-testid^="sale-row-"]')]
       .find((each) => each.textContent.includes(arguments[0]));
     return row === undefined ? null : row.dataset.testid.slice('sale-row-'.length);`,
    receiptNo,
  );

const sold = { touch: '', keyboard: '', change: '', card: '' };

async function sells() {
  await check('shows the station, the fuels and their prices', async () => {
    await shown('product-CD1001');
    await until('a price', async () => /\d/.test((await textOf('price-CD1001')) ?? ''));
    await until('the station name', async () => (await textOf('station-name')) !== '');
  });
  await check('sells fuel in three touches', async () => {
    await touch('product-CD1001', 'preset-50000', 'tender-cash-exact');
    await shown('completed');
    sold.touch = await textOf('receipt-no');
    equal(await textOf('change'), '0원', 'change');
    await picture('till-completed');
    await touch('completed-next');
    await gone('completed');
  });
  await check('sells fuel in three keys', async () => {
    await press(KEY.F1, 'a', KEY.F9);
    await shown('completed');
    sold.keyboard = await textOf('receipt-no');
    await press(KEY.escape);
    await gone('completed');
  });
  await check('shows the change for a larger note', async () => {
    await touch('product-CD1002', 'preset-30000', 'tender-cash', 'cash-50000');
    await shown('completed');
    sold.change = await textOf('receipt-no');
    equal(await textOf('change'), '20,000원', 'change');
    await touch('completed-next');
  });
  await check('sells by card with the approval number typed', async () => {
    await press(KEY.F2, 'q', KEY.F8);
    await shown('approval-no');
    await press(...'30011234', KEY.enter);
    await shown('completed');
    sold.card = await textOf('receipt-no');
    await press(KEY.escape);
    await gone('completed');
  });
  await check('gives every sale its own receipt number', async () => {
    equal(new Set(Object.values(sold)).size, 4, 'different receipt numbers');
  });
}

async function follows() {
  await check('lists the sales, the newest first', async () => {
    await press(KEY.F11);
    const id = await until('the sale in the list', () => saleOfReceipt(sold.card));
    equal((await saleIds())[0], id, 'first row');
  });
  for (const [place, name] of [
    ['mark-station', 'the station'],
    ['mark-hq', 'HQ'],
  ]) {
    await check(`sees the sales reach ${name}`, async () => {
      for (const receiptNo of Object.values(sold)) {
        const id = await saleOfReceipt(receiptNo);
        const reached = () => dataOf(place, 'reached', css(`sale-row-${id}`));
        await until(
          `${receiptNo} at ${name}`,
          async () => (await reached()) === 'yes',
          REACH_MS_MAX,
        );
      }
    });
  }
  await check('counts nothing as unsent then', async () => {
    const count = () => dataOf('pending-count', 'count');
    await until('an empty outbox', async () => (await count()) === '0', REACH_MS_MAX);
  });
}

async function cancels() {
  await check('cancels a sale with a reason and keeps it in the list', async () => {
    const id = await saleOfReceipt(sold.keyboard);
    await touch(`cancel-${id}`, 'reason-customer', 'confirm-cancel');
    await gone('cancel-dialog');
    await until('the sale marked as cancelled', async () => {
      return (await dataOf(`sale-row-${id}`, 'cancelled')) === 'yes';
    });
    await gone(`cancel-${id}`);
    await picture('till-cancelled');
  });
  await check('sees the cancellation reach HQ', async () => {
    const count = () => dataOf('pending-count', 'count');
    await until('an empty outbox', async () => (await count()) === '0', REACH_MS_MAX);
  });
}

async function switches() {
  await check('switches to English and back', async () => {
    await touch('lang-en');
    await until('English words', async () => (await textOf('nav-sell'))?.startsWith('Sell'));
    equal(await run('return document.documentElement.lang;'), 'en', 'language of the page');
    await touch('lang-ko');
    await until('Korean words', async () => (await textOf('nav-sell'))?.startsWith('판매'));
  });
  await check('switches to the dark theme and back', async () => {
    const ground = () => run('return getComputedStyle(document.documentElement).backgroundColor;');
    await touch('theme-light');
    const light = await ground();
    await touch('theme-dark');
    await until('a dark ground', async () => (await ground()) !== light);
    await touch('theme-light');
    await until('a light ground', async () => (await ground()) === light);
  });
}

async function takePictures() {
  for (const size of SIZES) {
    await check(
      `is drawn at ${size.width}x${size.height}, in both themes and languages`,
      async () => {
        await resize(size);
        for (const theme of ['light', 'dark']) {
          for (const language of ['ko', 'en']) {
            const name = (view) => `till-${view}-${size.width}x${size.height}-${theme}-${language}`;
            await touch('nav-sell', `theme-${theme}`, `lang-${language}`);
            await touch('product-CD1001', 'preset-50000');
            await shown('cart-clear');
            await touch('product-CD1002');
            await picture(name('sell'));
            await touch('pad-clear', 'tender-cash');
            await picture(name('cash'));
            await touch('tender-close', 'cart-clear', 'confirm-clear', 'nav-sales');
            await shown('receipt-text');
            await picture(name('sales'));
          }
        }
        await touch('nav-sell', 'theme-light', 'lang-ko');
      },
    );
  }
}

await inWindow(options, async () => {
  await sells();
  await follows();
  await cancels();
  await switches();
  if (options.pictures) await takePictures();
});
