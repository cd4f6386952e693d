// Drives the real till window: sells by touch and by keyboard, follows the sale to the station and
// HQ, cancels one, switches the language, and takes pictures. Plain WebDriver over fetch.
//
//   node till.e2e.mjs --binary PATH --config FILE --port N --out DIR [--pictures]
//
// It wants a display of at least 1920x1080, WebKitWebDriver in PATH, and a station agent and an HQ
// that the till of the config can reach.
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: {
    binary: { type: 'string' },
    config: { type: 'string' },
    port: { type: 'string' },
    out: { type: 'string' },
    pictures: { type: 'boolean', default: false },
  },
});
for (const name of ['binary', 'config', 'port', 'out']) {
  if (options[name] === undefined) {
    console.error(`--${name} is missing; usage: see the head of this file`);
    process.exit(2);
  }
}

const REQUEST_MS_MAX = 30_000;
const SESSION_MS_MAX = 90_000;
/** Local steps take milliseconds; a loaded test machine with software drawing takes seconds. */
const STEP_MS_MAX = 20_000;
/** From the till through the agent to HQ and back, with the retries of a link that comes up late. */
const REACH_MS_MAX = 60_000;
const POLL_EVERY_MS = 100;

const KEY = {
  enter: '\uE007',
  F1: '\uE031',
  F2: '\uE032',
  F8: '\uE038',
  F9: '\uE039',
  F11: '\uE03B',
  escape: '\uE00C',
};
const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';
const SIZES = [
  { width: 1280, height: 800 },
  { width: 1920, height: 1080 },
];

const base = `http://127.0.0.1:${options.port}`;
let session = '';
let passed = 0;
let failed = 0;

async function request(method, path, body, limitMs = REQUEST_MS_MAX) {
  const response = await fetch(base + path, {
    method,
    body: body === undefined ? undefined : JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
    signal: AbortSignal.timeout(limitMs),
  });
  const { value } = await response.json();
  if (!response.ok) throw new Error(`${method} ${path}: ${value?.error}: ${value?.message}`);
  return value;
}

const command = (method, path, body) => request(method, `/session/${session}${path}`, body);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Asks again until the answer is neither null nor false; fails with what it waited for. */
async function until(what, ask, limitMs = STEP_MS_MAX) {
  const end = Date.now() + limitMs;
  let last = null;
  while (Date.now() < end) {
    try {
      const answer = await ask();
      if (answer !== null && answer !== false) return answer;
      last = null;
    } catch (error) {
      last = error;
    }
    await pause(POLL_EVERY_MS);
  }
  throw new Error(`waited ${limitMs} ms for ${what}${last === null ? '' : `: ${last.message}`}`);
}

const css = (testid) => `[data-testid="${testid}"]`;

async function find(testid) {
  const found = await command('POST', '/element', { using: 'css selector', value: css(testid) });
  return found[ELEMENT];
}

const run = (script, ...args) => command('POST', '/execute/sync', { script, args });
const textOf = (testid) =>
  run(
    `const e = document.querySelector(arguments[0]);
     return e === null ? null : e.textContent.replace(/\\s+/g, ' ').trim();`,
    css(testid),
  );
const dataOf = (testid, name, within = 'html') =>
  run(
    `const e = document.querySelector(arguments[0] + ' ' + arguments[1]);
     return e === null ? null : e.dataset[arguments[2]] ?? null;`,
    within,
    css(testid),
    name,
  );

async function touch(...testids) {
  for (const testid of testids) {
    await until(`${testid} to take a touch`, async () => {
      const element = await find(testid);
      // A button that waits for the core takes no touch, and the driver does not say so.
      if (!(await command('GET', `/element/${element}/enabled`))) return false;
      await command('POST', `/element/${element}/click`, {});
      return true;
    });
  }
}

async function press(...keys) {
  const actions = keys.flatMap((value) => [
    { type: 'keyDown', value },
    { type: 'keyUp', value },
  ]);
  await command('POST', '/actions', { actions: [{ type: 'key', id: 'keyboard', actions }] });
}

const shown = (testid) => until(`${testid} to show`, async () => (await textOf(testid)) !== null);
const gone = (testid) => until(`${testid} to go`, async () => (await textOf(testid)) === null);

async function check(sentence, step) {
  try {
    await step();
    passed += 1;
    console.log(`ok   ${sentence}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL ${sentence}\n     ${error.message}`);
    await picture(`failed-${failed}`).catch(() => undefined);
  }
}

function equal(actual, expected, what) {
  if (actual !== expected)
    throw new Error(`${what}: ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`);
}

// The picture is taken from the compositor, which may lag the page by a frame or two.
async function picture(name) {
  await command('POST', '/execute/async', {
    script: `const done = arguments[0];
      requestAnimationFrame(() => requestAnimationFrame(() => done(true)));`,
    args: [],
  });
  const png = await command('GET', '/screenshot');
  await writeFile(join(options.out, `${name}.png`), Buffer.from(png, 'base64'));
}

// The rectangle is the window's, with its frame; the page must get the size asked for.
async function resize({ width, height }) {
  let rect = { x: 0, y: 0, width, height };
  await until(`the page to be ${width}x${height}`, async () => {
    await command('POST', '/window/rect', rect);
    const [pageWidth, pageHeight] = await run('return [innerWidth, innerHeight];');
    const missing = { width: width - pageWidth, height: height - pageHeight };
    if (missing.width === 0 && missing.height === 0) return true;
    const { width: outerWidth, height: outerHeight } = await command('GET', '/window/rect');
    rect = {
      ...rect,
      width: outerWidth + missing.width,
      height: outerHeight + missing.height,
    };
    throw new Error(`it is ${pageWidth}x${pageHeight}`);
  });
}

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

async function main() {
  await mkdir(options.out, { recursive: true });
  const driver = spawn('WebKitWebDriver', [`--port=${options.port}`], {
    stdio: 'inherit',
    // Without these the window refuses to be driven.
    env: { ...process.env, TAURI_AUTOMATION: 'true', TAURI_WEBVIEW_AUTOMATION: 'true' },
  });
  const stopped = new Promise((resolve) => {
    driver.on('exit', resolve);
    driver.on('error', (error) => {
      console.error(`WebKitWebDriver cannot be started: ${error.message}`);
      resolve(null);
    });
  });
  try {
    await until('WebKitWebDriver', () => request('GET', '/status'));
    const browser = { binary: options.binary, args: ['--config', options.config] };
    const capabilities = { alwaysMatch: { 'webkitgtk:browserOptions': browser } };
    const opened = await request('POST', '/session', { capabilities }, SESSION_MS_MAX);
    session = opened.sessionId;
    await sells();
    await follows();
    await cancels();
    await switches();
    if (options.pictures) await takePictures();
  } catch (error) {
    failed += 1;
    console.log(`FAIL the window can be driven\n     ${error.message}`);
  } finally {
    // A session left open would refuse every later one.
    if (session !== '') await command('DELETE', '').catch(() => undefined);
    driver.kill('SIGTERM');
    await stopped;
  }
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

await main();
