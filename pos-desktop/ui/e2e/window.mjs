// The real till window under WebDriver, over plain fetch: opening it, touching, typing, looking.
// It wants a display, and WebKitWebDriver in PATH.
import { spawn } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

const REQUEST_MS_MAX = 30_000;
const SESSION_MS_MAX = 90_000;
/** Local steps take milliseconds; a loaded test machine with software drawing takes seconds. */
const STEP_MS_MAX = 20_000;
const POLL_EVERY_MS = 100;

export const KEY = {
  enter: '\uE007',
  F1: '\uE031',
  F2: '\uE032',
  F8: '\uE038',
  F9: '\uE039',
  F11: '\uE03B',
  escape: '\uE00C',
  backspace: '\uE003',
  end: '\uE010',
};
const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';

let base = '';
let out = '';
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
export async function until(what, ask, limitMs = STEP_MS_MAX) {
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

export const css = (testid) => `[data-testid="${testid}"]`;

async function find(testid) {
  const found = await command('POST', '/element', { using: 'css selector', value: css(testid) });
  return found[ELEMENT];
}

export const run = (script, ...args) => command('POST', '/execute/sync', { script, args });
export const textOf = (testid) =>
  run(
    `const e = document.querySelector(arguments[0]);
     return e === null ? null : e.textContent.replace(/\\s+/g, ' ').trim();`,
    css(testid),
  );
export const dataOf = (testid, name, within = 'html') =>
  run(
    `const e = document.querySelector(arguments[0] + ' ' + arguments[1]);
     return e === null ? null : e.dataset[arguments[2]] ?? null;`,
    within,
    css(testid),
    name,
  );

export async function touch(...testids) {
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

export async function press(...keys) {
  const actions = keys.flatMap((value) => [
    { type: 'keyDown', value },
    { type: 'keyUp', value },
  ]);
  await command('POST', '/actions', { actions: [{ type: 'key', id: 'keyboard', actions }] });
}

export const shown = (testid) =>
  until(`${testid} to show`, async () => (await textOf(testid)) !== null);
export const gone = (testid) =>
  until(`${testid} to go`, async () => (await textOf(testid)) === null);

export async function check(sentence, step) {
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

export function equal(actual, expected, what) {
  if (actual !== expected)
    throw new Error(`${what}: ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`);
}

// The picture is taken from the compositor, which may lag the page by a frame or two.
export async function picture(name) {
  await command('POST', '/execute/async', {
    script: `const done = arguments[0];
      requestAnimationFrame(() => requestAnimationFrame(() => done(true)));`,
    args: [],
  });
  const png = await command('GET', '/screenshot');
  await writeFile(join(out, `${name}.png`), Buffer.from(png, 'base64'));
}

// The rectangle is the window's, with its frame; the page must get the size asked for.
export async function resize({ width, height }) {
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

/**
 * Opens the window of `options.binary` with `options.config`, lets `steps` run in it and closes it;
 * the exit code says whether every check held.
 */
export async function inWindow(options, steps) {
  base = `http://127.0.0.1:${options.port}`;
  out = options.out;
  await mkdir(out, { recursive: true });
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
    await steps();
  } catch (error) {
    failed += 1;
    console.log(`FAIL the window can be driven\n     ${error.message}`);
  } finally {
    // A session left open would refuse every later one.
    if (session !== '') await command('DELETE', '').catch(() => undefined);
    driver.kill('SIGTERM');
    await stopped;
    // Closing the session does not always close the window; the program ends as it does for anybody.
    for (const pid of await ownProcesses(options)) process.kill(pid, 'SIGTERM');
    await until('the program to end', async () => (await ownProcesses(options)).length === 0);
  }
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

/** The processes of the binary with this config, which nobody but this script has started. */
export async function ownProcesses(options) {
  const numbers = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    numbers.map(async (pid) => {
      const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      const [program, ...rest] = line.split('\0');
      const isOurs = basename(program ?? '') === basename(options.binary);
      return isOurs && rest.includes(options.config) ? Number(pid) : null;
    }),
  );
  return found.filter((pid) => pid !== null);
}

/** The options of the command line, each of `names` needed; ends with what is missing. */
export function needed(values, names) {
  const missing = names.filter((name) => values[name] === undefined);
  if (missing.length === 0) return values;
  console.error(`--${missing[0]} is missing; usage: see the head of this file`);
  process.exit(2);
}
