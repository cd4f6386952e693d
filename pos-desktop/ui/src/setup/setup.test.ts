import { fireEvent, render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { describe, expect, test, vi } from 'vitest';
import { locale } from '../shared/i18n.svelte';
import { CODE, FakeTill } from '../testing/fakeTill';
import { absent, openSetup, seen, shown, textOf, touch } from '../testing/window';
import Main from '../views/Main.svelte';
import { caretBehind, charactersOf, grouped } from './code';
import { RESTART_AFTER_MS } from './enrolment.svelte';
import { keysOfHangul } from './hangul';

const user = userEvent.setup();
const field = () => seen('setup-code') as HTMLInputElement;
const failing = (code: string) => (till: FakeTill) =>
  void till.failing.set('enrol', { code, message: code, detail: null });

async function enter(text: string): Promise<void> {
  await fireEvent.input(field(), { target: { value: text } });
}

describe('a typed code', () => {
  test('is read without its dashes, spaces and case, and with misread letters corrected', () => {
    expect(charactersOf(' k7q2-m9xa ')).toBe('K7Q2M9XA');
    expect(charactersOf('OIL0')).toBe('0110');
    expect(charactersOf('uU!?가나')).not.toMatch(/[U!?가나]/);
    expect(charactersOf('Ｋ７Ｑ２')).toBe('K7Q2');
    expect(charactersOf('Z'.repeat(40))).toHaveLength(32);
  });

  test('is read from the keys while the Hangul input method is on', () => {
    expect(keysOfHangul('ㅏ7ㅂ2')).toBe('K7Q2');
    expect(keysOfHangul('한')).toBe('GKS');
    // A vowel and a final made of two keys each.
    expect(keysOfHangul('관')).toBe('RHKS');
    expect(keysOfHangul('값')).toBe('RKQT');
    expect(keysOfHangul('까')).toBe('RK');
    expect(charactersOf('ㅏ7ㅂ2ㅡ9ㅌㅁ')).toBe('K7Q2M9XA');
  });

  test('is shown in groups of four, the caret where the hand is', () => {
    expect(grouped('K7Q2')).toBe('K7Q2');
    expect(grouped('K7Q2M')).toBe('K7Q2-M');
    expect([0, 1, 4, 5, 8, 9, 32].map(caretBehind)).toEqual([0, 1, 4, 6, 9, 11, 39]);
  });
});

describe('the setup', () => {
  test('is not shown by a till that has an identity', async () => {
    const till = new FakeTill().install();
    render(Main);
    expect(document.body.textContent.trim()).toBe('');
    await shown('station-name');
    await waitFor(() => expect(till.callsOf('recent_sales')).not.toHaveLength(0));
    expect(absent('setup')).toBe(true);
  });

  test('leaves the till to say so when the core does not answer', async () => {
    const till = new FakeTill().install();
    till.failing.set('setup_state', { code: 'internal', message: '', detail: null });
    render(Main);
    await shown('nav-sell');
    await waitFor(() => expect(till.callsOf('recent_sales')).not.toHaveLength(0));
  });

  test('says which agent it will ask and speaks the language of the core', async () => {
    await openSetup((till) => (till.setup.language = 'en'));
    expect(locale.language).toBe('en');
    expect(textOf('setup-agent')).toBe('https://192.168.0.10:7100/');
    expect(textOf('setup-submit')).toBe('Enrol');
  });

  test('takes a code by keyboard, grouping it while it is typed, and sends it by Enter', async () => {
    const till = await openSetup();
    expect(document.activeElement).toBe(field());
    await user.type(field(), CODE.toLowerCase());
    expect(field().value).toBe(grouped(CODE));
    expect(textOf('setup-progress')).toBe('32자 중 32자');
    await user.keyboard('{Enter}');
    expect(textOf('setup-enrolled')).toContain('2번 계산대로 등록되었습니다');
    expect(textOf('setup-enrolled')).toContain('SK Imme (ST0001)');
    expect(till.callsOf('enrol')).toEqual([{ code: CODE }]);
  });

  test('takes a code by touch', async () => {
    const till = await openSetup();
    await touch(...[...CODE].map((character) => `setup-key-${character}`));
    await touch('setup-back', `setup-key-${CODE.slice(-1)}`, 'setup-submit');
    await shown('setup-enrolled');
    expect(till.callsOf('enrol')).toEqual([{ code: CODE }]);
  });

  test('takes a pasted code with what was copied around it', async () => {
    await openSetup();
    await enter(`  ${grouped(CODE).toLowerCase()}\n`);
    expect(field().value).toBe(grouped(CODE));
  });

  test('sends nothing before all characters are in', async () => {
    const till = await openSetup();
    await user.type(field(), `${CODE.slice(1)}{Enter}`);
    expect(seen('setup-submit')).toHaveProperty('disabled', true);
    expect(till.callsOf('enrol')).toEqual([]);
  });

  test('leaves a syllable that is being composed to the input method', async () => {
    await openSetup();
    field().value = 'ㅏ';
    await fireEvent(field(), new InputEvent('input', { isComposing: true, bubbles: true }));
    expect(field().value).toBe('ㅏ');
    await fireEvent(field(), new CompositionEvent('compositionend', { bubbles: true }));
    expect(field().value).toBe('K');
  });

  test('keeps a mistyped code to be corrected, and its error goes with the first change', async () => {
    await openSetup();
    await enter(`Z${CODE.slice(1)}`);
    await touch('setup-submit');
    expect((await shown('notice')).dataset['code']).toBe('code_mistyped');
    expect(textOf('notice')).toContain('등록 코드를 잘못 입력했습니다.');
    expect(field().value).toBe(grouped(`Z${CODE.slice(1)}`));
    await enter(CODE);
    expect(absent('notice')).toBe(true);
  });

  test.each(['code_expired', 'code_used', 'code_used_up'])(
    'empties the field for another code after %s',
    async (code) => {
      await openSetup(failing(code));
      await enter(CODE);
      await touch('setup-submit');
      expect((await shown('notice')).dataset['code']).toBe(code);
      expect(field().value).toBe('');
    },
  );

  test('does not say that selling goes on when the agent is out of reach', async () => {
    await openSetup(failing('agent_unreachable'));
    await enter(CODE);
    await touch('setup-submit');
    await shown('notice');
    expect(textOf('notice')).toContain('코드는 아직 쓸 수 있습니다.');
    expect(textOf('notice')).not.toContain('판매');
    expect(field().value).toBe(grouped(CODE));
  });

  test('stops when another than the code’s agent answers, and names the address', async () => {
    await openSetup(failing('wrong_authority'));
    await enter(CODE);
    await touch('setup-submit');
    await shown('setup-stopped');
    expect(textOf('setup-stopped')).toContain('점장에게 알리십시오.');
    expect(textOf('setup-stopped')).toContain('https://192.168.0.10:7100/');
    expect(absent('setup-code')).toBe(true);
    await touch('setup-again');
    expect(field().value).toBe('');
  });

  test('starts the till by itself after the answer has been read', async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    const till = await openSetup();
    await enter(CODE);
    await touch('setup-submit');
    await shown('setup-enrolled');
    expect(till.callsOf('restart')).toEqual([]);
    await vi.advanceTimersByTimeAsync(RESTART_AFTER_MS);
    expect(till.callsOf('restart')).toHaveLength(1);
    vi.useRealTimers();
  });

  test('says what to do when the till cannot start by itself', async () => {
    await openSetup((till) =>
      till.failing.set('restart', { code: 'internal', message: '', detail: null }),
    );
    await enter(CODE);
    await touch('setup-submit', 'setup-start');
    await shown('notice');
    expect(textOf('setup-enrolled')).toContain('프로그램을 닫고 다시 여십시오.');
  });

  test('switches its language at once, also when the core cannot keep it yet', async () => {
    await openSetup((till) =>
      till.failing.set('set_language', { code: 'bad_request', message: '', detail: null }),
    );
    await touch('lang-en');
    await waitFor(() => expect(textOf('setup-submit')).toBe('Enrol'));
    expect(screen.getByTestId('setup-code')).toBeTruthy();
  });
});

describe('a till that did not start', () => {
  test.each([
    'database_newer',
    'database_damaged',
    'database_in_use',
    'database_of_another',
    'till_not_started',
  ])('says what happened, why and what now: %s', async (code) => {
    const till = new FakeTill();
    till.setup = {
      ...till.setup,
      trouble: { code, detail: 'till.db: schema 12, this one knows 9' },
    };
    till.install();
    render(Main);
    await waitFor(() => seen('trouble-detail'));
    expect(textOf('trouble-detail')).toContain('schema 12');
    expect(textOf('trouble-text')).toMatch(/POS/);
    expect(absent('setup')).toBe(true);
  });

  test('says it in English too', async () => {
    const till = new FakeTill();
    till.setup = {
      ...till.setup,
      language: 'en',
      trouble: { code: 'database_newer', detail: 'x' },
    };
    till.install();
    render(Main);
    await waitFor(() => seen('trouble-detail'));
    expect(textOf('trouble-text')).toContain('Do not delete the data folder.');
  });
});
