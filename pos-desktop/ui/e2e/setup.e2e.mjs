// Opens the real window of a till that has no identity, types its enrolment code wrongly and then
// rightly, and sees it enrolled. Plain WebDriver over fetch.
//
//   node setup.e2e.mjs --binary PATH --config FILE --port N --code CODE --out DIR [--pictures]
//
// It wants a display of at least 1920x1080, WebKitWebDriver in PATH, and the station agent of the
// config, which made the code. The till starts again by itself at the end and is then ended.
import { parseArgs } from 'node:util';
import {
  check,
  dataOf,
  equal,
  gone,
  inWindow,
  KEY,
  needed,
  ownProcesses,
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
    code: { type: 'string' },
    out: { type: 'string' },
    pictures: { type: 'boolean', default: false },
  },
});
needed(options, ['binary', 'config', 'port', 'code', 'out']);

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** The agent may be busy with a build; it answers within its own limit. */
const ENROL_MS_MAX = 60_000;
/** The message is read for some seconds, then the window goes. */
const RESTART_MS_MAX = 60_000;

const code = options.code.toUpperCase().replace(/[^0-9A-Z]/g, '');
const after = ALPHABET[(ALPHABET.indexOf(code[0]) + 1) % ALPHABET.length];
const mistyped = after + code.slice(1);
const shownCode = () =>
  run(`return document.querySelector('[data-testid="setup-code"]')?.value ?? null;`);
const grouped = (text) => text.replace(/(.{4})(?=.)/g, '$1-');

async function clear() {
  // A touch sets the caret where it lands.
  await touch('setup-code');
  const typed = (await shownCode()).length;
  await press(KEY.end, ...Array.from({ length: typed }, () => KEY.backspace));
  await until('an empty field', async () => (await shownCode()) === '');
}

async function typeCode(text) {
  await clear();
  await press(...text);
  await until(
    'the code in groups',
    async () => (await shownCode()) === grouped(text.toUpperCase()),
  );
}

async function setsUp() {
  await check('asks for a code before it is a till', async () => {
    await shown('setup');
    equal(await textOf('nav-sell'), null, 'the till');
    const agent = await textOf('setup-agent');
    if (!/^https?:\/\//.test(agent)) throw new Error(`no address of an agent: ${agent}`);
    equal(code.length, 32, 'characters of --code');
  });
  await check('switches to English and back', async () => {
    await touch('lang-en');
    await until('English words', async () => (await textOf('setup-submit')) === 'Enrol');
    await touch('lang-ko');
    await until('Korean words', async () => (await textOf('setup-submit')) === '등록');
  });
  if (options.pictures) await takePictures('empty');
  await check('finds a mistyped code before it sends it', async () => {
    await typeCode(mistyped);
    await press(KEY.enter);
    await shown('notice');
    equal(await dataOf('notice', 'code'), 'code_mistyped', 'code of the refusal');
    const text = await textOf('notice');
    if (!text.includes('등록 코드를 잘못 입력했습니다.')) throw new Error(`it says: ${text}`);
    await picture('setup-mistyped');
  });
  if (options.pictures) await takePictures('mistyped');
  await check('takes the right code in lower case and is enrolled', async () => {
    await typeCode(code.toLowerCase());
    await gone('notice');
    await press(KEY.enter);
    await until('the enrolled message', () => textOf('setup-enrolled'), ENROL_MS_MAX);
    const text = await textOf('setup-enrolled');
    if (!/\d+번 계산대로 등록되었습니다/.test(text)) throw new Error(`it says: ${text}`);
    await picture('setup-enrolled');
  });
  await check('starts again by itself, as the till in its place', async () => {
    await until('the setup to be gone', isGone, RESTART_MS_MAX);
    if ((await ownProcesses(options)).length === 0) throw new Error('the program has ended');
  });
}

/** The driver loses the window that gives way to the till. */
async function isGone() {
  return (await textOf('setup-enrolled').catch(() => null)) === null;
}

async function takePictures(state) {
  for (const size of [
    { width: 1280, height: 800 },
    { width: 1920, height: 1080 },
  ]) {
    await check(
      `is drawn ${state} at ${size.width}x${size.height}, in both languages`,
      async () => {
        await resize(size);
        for (const language of ['en', 'ko']) {
          await touch(`lang-${language}`);
          await picture(`setup-${state}-${size.width}x${size.height}-${language}`);
        }
      },
    );
  }
}

await inWindow(options, setsUp);
