// A W3C WebDriver client of the few verbs the test needs, on plain fetch.

import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';
const START_MS_MAX = 15_000;
const COMMAND_MS_MAX = 60_000;
const POLL_MS = 100;

/** As root a browser has no sandbox of its own, and none of its traffic but ours is wanted. */
const CHROMIUM_FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-quic',
];

/** Starts chromedriver and a browser with a profile of its own; `close` ends both and removes the profile. */
export async function openBrowser({ port, chromium }) {
  const profile = await mkdtemp(join(tmpdir(), 'console-e2e-'));
  const driver = spawn(process.env.CHROMEDRIVER ?? 'chromedriver', [`--port=${port}`], { stdio: 'ignore' });
  const base = `http://127.0.0.1:${port}`;
  try {
    await until('chromedriver to listen', START_MS_MAX, () => listening(driver, base));
    const options = { binary: chromium, args: [...CHROMIUM_FLAGS, `--user-data-dir=${profile}`] };
    const capabilities = { alwaysMatch: { browserName: 'chrome', 'goog:chromeOptions': options } };
    const { sessionId } = await call('POST', `${base}/session`, { capabilities });
    return new Browser(`${base}/session/${sessionId}`, () => end(driver, profile));
  } catch (failure) {
    await end(driver, profile);
    throw failure;
  }
}

async function listening(driver, base) {
  if (driver.exitCode !== null) throw new Error(`chromedriver ended with ${driver.exitCode}`);
  const status = await call('GET', `${base}/status`).catch(() => null);
  return status?.ready === true;
}

async function end(driver, profile) {
  driver.kill();
  if (driver.exitCode === null) await new Promise((resolve) => driver.once('exit', resolve));
  await rm(profile, { recursive: true, force: true, maxRetries: 10 });
}

/** The first truthy answer of `ask`, or an error that names what was awaited. */
export async function until(awaited, msMax, ask) {
  const deadline = Date.now() + msMax;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > deadline) throw new Error(`waited ${msMax} ms for ${awaited}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function call(method, url, body) {
  const response = await fetch(url, {
    method,
    headers: { 'Content-Type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(COMMAND_MS_MAX),
  });
  const { value } = await response.json();
  if (!response.ok) throw new Error(`${value?.error ?? response.status}: ${value?.message ?? ''}`);
  return value;
}

class Browser {
  constructor(session, ended) {
    this.session = session;
    this.ended = ended;
  }

  go(url) {
    return call('POST', `${this.session}/url`, { url });
  }

  address() {
    return call('GET', `${this.session}/url`);
  }

  run(script, ...args) {
    return call('POST', `${this.session}/execute/sync`, { script, args });
  }

  resize(width, height) {
    return call('POST', `${this.session}/chromium/send_command_and_get_result`, {
      cmd: 'Emulation.setDeviceMetricsOverride',
      params: { width, height, deviceScaleFactor: 1, mobile: false },
    });
  }

  async picture(file) {
    await writeFile(file, Buffer.from(await call('GET', `${this.session}/screenshot`), 'base64'));
  }

  /** Waits for a displayed element with this test id. */
  async find(testId, msMax = 10_000) {
    return until(`[data-testid="${testId}"] to be shown`, msMax, async () => {
      const found = await this.all(`[data-testid="${testId}"]`);
      const first = found[0];
      if (first === undefined) return null;
      const shown = await call('GET', `${this.session}/element/${first}/displayed`).catch(() => false);
      return shown ? first : null;
    });
  }

  async all(css) {
    const found = await call('POST', `${this.session}/elements`, { using: 'css selector', value: css });
    return found.map((element) => element[ELEMENT]);
  }

  /** Clicks as a person does: what is covered or off the page is not clicked but fails. */
  async click(testId) {
    await until(`[data-testid="${testId}"] to take a click`, 10_000, async () => {
      const element = await this.find(testId);
      // A disabled button swallows a click, and the driver does not say so.
      if (!(await call('GET', `${this.session}/element/${element}/enabled`))) return false;
      const problem = await call('POST', `${this.session}/element/${element}/click`, {}).then(
        () => null,
        (failure) => failure,
      );
      if (problem === null) return true;
      if (/stale element|intercepted/.test(problem.message)) return false;
      throw problem;
    });
  }

  async type(testId, text) {
    const element = await this.find(testId);
    await call('POST', `${this.session}/element/${element}/clear`, {});
    await call('POST', `${this.session}/element/${element}/value`, { text });
  }

  async choose(testId, value) {
    const css = `[data-testid="${testId}"] option[value="${value}"]`;
    const option = await until(`option ${value} of ${testId}`, 10_000, async () => (await this.all(css))[0]);
    await call('POST', `${this.session}/element/${option}/click`, {});
  }

  async text(testId) {
    return call('GET', `${this.session}/element/${await this.find(testId)}/text`);
  }

  async attribute(testId, name) {
    return call('GET', `${this.session}/element/${await this.find(testId)}/attribute/${name}`);
  }

  isAbsent(testId) {
    return until(`[data-testid="${testId}"] to be gone`, 10_000, async () => {
      return (await this.all(`[data-testid="${testId}"]`)).length === 0;
    });
  }

  async close() {
    await call('DELETE', this.session).catch(() => null);
    await this.ended();
  }
}
