// The console in a real browser against a running HQ:
//   node e2e/console.e2e.mjs --url http://127.0.0.1:7000 --token TOKEN --out DIR [--driver-port 9515] [--pictures]

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openBrowser, until } from './webdriver.mjs';

const STATION = 'ST0001';
const PRODUCT = 'CD1001';
/** A price goes HQ, agent, terminal and back; a machine busy with a build takes its time. */
const APPLIED_MS_MAX = 60_000;
const SHOWN_MS_MAX = 15_000;

const { values: args } = parseArgs({
  options: {
    url: { type: 'string' },
    token: { type: 'string' },
    out: { type: 'string' },
    'driver-port': { type: 'string', default: '9515' },
    pictures: { type: 'boolean', default: false },
  },
});
if (!args.url || !args.token || !args.out) {
  console.error('usage: console.e2e.mjs --url URL --token TOKEN --out DIR [--driver-port PORT] [--pictures]');
  process.exit(2);
}
const url = args.url.replace(/\/$/, '');

let passed = 0;
let failed = 0;

async function test(sentence, body) {
  try {
    await body();
    passed += 1;
    console.log(`ok   ${sentence}`);
  } catch (failure) {
    failed += 1;
    console.log(`FAIL ${sentence}\n     ${failure.stack ?? failure}`);
    await browser.picture(join(args.out, `failed-${failed}.png`)).catch(() => null);
    await closeDialog().catch(() => null);
  }
}

/** HQ as the page sees it, to find what the page must show. */
async function api(path) {
  const response = await fetch(`${url}/api/v1${path}`, { headers: { Authorization: `Bearer ${args.token}` } });
  assert.equal(response.status, 200, `GET ${path}`);
  return response.json();
}

async function closeDialog() {
  await browser.run('document.querySelector("[data-testid=dialog-close]")?.click()');
}

async function placeOrder() {
  const before = new Set((await api('/orders')).map((order) => order.orderId));
  await browser.click('nav-orders');
  await browser.click('place-order');
  await browser.choose('order-station', STATION);
  await browser.choose('order-product', PRODUCT);
  await browser.type('order-qty', '20.5');
  await browser.click('order-submit');
  await browser.isAbsent('place-order-dialog');
  const orderId = await until('the new order at HQ', SHOWN_MS_MAX, async () => {
    return (await api('/orders')).find((order) => !before.has(order.orderId))?.orderId;
  });
  await browser.find(`order-${orderId}`, SHOWN_MS_MAX);
  return orderId;
}

/** With auto-dispatch a shipment leaves by itself; else it is dispatched here with a vehicle. */
async function seeShipped(orderId) {
  const order = await until('a shipment for the order', SHOWN_MS_MAX, async () => {
    const found = (await api('/orders')).find((known) => known.orderId === orderId);
    return found?.shipment ? found : null;
  });
  const { shipId, state } = order.shipment;
  if (state === 'planned') {
    await browser.click(`dispatch-${shipId}`);
    await browser.click('dispatch-submit');
    await browser.find('dispatch-dialog');
    await browser.type('dispatch-car', '서울80바1234');
    await browser.click('dispatch-submit');
    await browser.isAbsent('dispatch-dialog');
  }
  await until('the order to show as shipped', SHOWN_MS_MAX, async () => {
    const status = await browser.attribute(`order-status-${orderId}`, 'data-status');
    return ['shipped', 'receiving', 'confirmed'].includes(status);
  });
}

async function changePrice() {
  const [product] = (await api('/products')).filter((known) => known.productId === PRODUCT);
  // Two prices in turn, so that the test can be run again and again against the same HQ.
  const price = product.price === 1699 ? 1689 : 1699;
  await browser.click('nav-products');
  await browser.click(`change-price-${PRODUCT}`);
  await browser.type('price-new', String(price));
  const preview = await browser.text('price-preview');
  const digits = price.toLocaleString('en-US');
  assert.ok(preview.includes(digits), `the preview shows ${digits}: ${preview}`);
  await browser.click('price-submit');
  await browser.isAbsent('price-dialog');
  await until('the new price on the page', SHOWN_MS_MAX, async () => {
    return (await browser.text(`price-${PRODUCT}`)).includes(digits);
  });
}

async function seeApplied() {
  const terminals = (await api(`/products/${PRODUCT}/acknowledgements`)).length;
  assert.ok(terminals > 0, 'HQ knows a terminal that can apply a price');
  await browser.click(`acks-${PRODUCT}`);
  await browser.find('acks-drawer');
  await until('a terminal to have applied the price', APPLIED_MS_MAX, async () => {
    const rows = await browser.all(`[data-testid^="ack-${STATION}-"][data-state="applied"]`);
    return rows.length > 0;
  });
  await closeDialog();
  await browser.isAbsent('acks-drawer');
}

async function seeStation() {
  await browser.click('nav-stations');
  await browser.find(`station-${STATION}`);
  await until('the station to be online', SHOWN_MS_MAX, async () => {
    return (await browser.attribute(`station-state-${STATION}`, 'data-state')) === 'online';
  });
  await browser.click(`station-${STATION}`);
  await browser.find(`terminal-${STATION}-1`);
  assert.ok((await browser.address()).endsWith(`#/stations/${STATION}`), 'the open station is in the address');
}

async function makeCode() {
  await browser.click('nav-stations');
  await browser.click(`make-code-${STATION}`);
  const shown = (await browser.text('code')).trim();
  const groups = shown.split(/\s+/);
  assert.equal(groups.length, 8, `eight groups: ${shown}`);
  for (const group of groups) assert.match(group, /^[0-9A-HJKMNP-TV-Z]{4}$/);
  assert.match(await browser.text('code-left'), /1[45]:\d\d/);
  await closeDialog();
  await browser.isAbsent('code-dialog');
}

async function revokeTill() {
  const inUse = (await api('/devices')).filter((device) => device.stationCode === STATION && !device.revokedAt);
  // The one with the highest number: the others go on selling in the tests that follow.
  const tills = inUse.filter((device) => device.kind === 'till').sort((one, other) => other.terminal - one.terminal);
  const deviceId = tills[0]?.deviceId;
  assert.ok(deviceId, 'the station has an enrolled till');
  await browser.click('nav-stations');
  await browser.find(`station-${STATION}`);
  if ((await browser.attribute(`station-${STATION}`, 'aria-expanded')) === 'false') {
    await browser.click(`station-${STATION}`);
  }
  await browser.click(`revoke-${deviceId}`);
  await browser.click('revoke-submit');
  await browser.find('revoke-dialog');
  await browser.type('revoke-reason', '분실 신고');
  await browser.click('revoke-submit');
  await browser.isAbsent('revoke-dialog');
  await until('the till to show as revoked', SHOWN_MS_MAX, async () => {
    return (await browser.attribute(`device-${deviceId}`, 'data-state')) === 'revoked';
  });
  const device = (await api('/devices')).find((known) => known.deviceId === deviceId);
  assert.equal(device.revokedWhy, '분실 신고');
}

async function switchLanguages() {
  await browser.click('lang-en');
  assert.match(await browser.text('nav-stations'), /Stations/);
  assert.equal(await browser.run('return document.documentElement.lang'), 'en');
  await browser.click('lang-ko');
  assert.match(await browser.text('nav-stations'), /주유소/);
}

async function takePictures() {
  const pages = { stations: `stations/${STATION}`, orders: 'orders', products: 'products' };
  for (const [width, height] of [
    [1280, 800],
    [1920, 1080],
  ]) {
    await browser.resize(width, height);
    for (const theme of ['light', 'dark']) {
      await browser.click(`theme-${theme}`);
      for (const language of ['ko', 'en']) {
        await browser.click(`lang-${language}`);
        for (const [name, path] of Object.entries(pages)) {
          await browser.run('location.hash = arguments[0]', `#/${path}`);
          await browser.find('connection');
          const overflow = await browser.run(
            'return document.documentElement.scrollWidth - document.documentElement.clientWidth',
          );
          assert.equal(overflow, 0, `${name} at ${width} in ${language} fits its width`);
          await browser.picture(join(args.out, `${name}-${width}x${height}-${theme}-${language}.png`));
        }
      }
    }
  }
}

await mkdir(args.out, { recursive: true });
const browser = await openBrowser({
  port: Number(args['driver-port']),
  chromium: process.env.CHROMIUM ?? '/usr/bin/chromium',
});
try {
  await browser.resize(1280, 800);
  await test('without a token the page asks for one', async () => {
    await browser.go(`${url}/`);
    await browser.find('token');
  });
  await test('a refused token leads back to the token screen and says why', async () => {
    await browser.type('token', 'not-the-token');
    await browser.click('token-submit');
    await browser.find('token-refused');
  });
  await test('the token is taken from the address and does not stay in it', async () => {
    await browser.go('about:blank');
    await browser.go(`${url}/#token=${encodeURIComponent(args.token)}`);
    await browser.find('nav-stations');
    assert.ok(!(await browser.address()).includes('token'));
    await until('the page to be live', SHOWN_MS_MAX, async () => {
      return (await browser.attribute('connection', 'data-state')) === 'live';
    });
  });
  let orderId;
  await test('an order placed for a station appears with its status', async () => {
    orderId = await placeOrder();
  });
  await test('its shipment is dispatched and the order shows as shipped', () => seeShipped(orderId));
  await test('a changed price shows its difference first and then the new price', changePrice);
  await test('the acknowledgements show the new price applied by a terminal', seeApplied);
  await test('the station is online and shows its terminals', seeStation);
  await test('an enrolment code is made in eight groups with its time left', makeCode);
  await test('a till is revoked with a reason and shows it', revokeTill);
  await test('the page switches between Korean and English', switchLanguages);
  await test('every page fits its width in both sizes, themes and languages', takePictures);
  if (args.pictures) await test('dialogs and states are pictured', takeDialogPictures);
} finally {
  await browser.close();
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

/** `--pictures`: the dialogs too, for a reviewer's eye. */
async function takeDialogPictures() {
  await browser.resize(1280, 800);
  for (const [theme, language] of [
    ['light', 'ko'],
    ['dark', 'en'],
  ]) {
    await browser.click(`theme-${theme}`);
    await browser.click(`lang-${language}`);
    const shoot = (name) => browser.picture(join(args.out, `dialog-${name}-${theme}-${language}.png`));
    await browser.click('nav-stations');
    await browser.click(`make-code-${STATION}`);
    await browser.find('code');
    await shoot('code');
    await closeDialog();
    await browser.click('nav-orders');
    await browser.click('place-order');
    await browser.click('order-submit');
    await browser.find('place-order-dialog');
    await shoot('order');
    await closeDialog();
    await browser.click('nav-products');
    await browser.click(`change-price-${PRODUCT}`);
    await browser.type('price-new', '1645');
    await browser.click('price-when-later');
    await shoot('price');
    await closeDialog();
    await browser.click('add-product');
    await shoot('product');
    await closeDialog();
    await browser.click(`acks-${PRODUCT}`);
    await browser.find('acks-sum');
    await shoot('acknowledgements');
    await closeDialog();
    await browser.click('quarantine-open');
    await browser.find('replay-all');
    await shoot('quarantine');
  }
}
