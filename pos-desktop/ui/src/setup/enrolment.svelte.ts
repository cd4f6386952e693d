import type { Enrolled } from '../generated/Enrolled';
import type { SetupState } from '../generated/SetupState';
import type { TillError } from '../generated/TillError';
import { asTillError, enrol, restart, setLanguage } from '../shared/bridge';
import { locale, type Language } from '../shared/i18n.svelte';
import { charactersOf, CODE_LENGTH } from './code';

/** Long enough to read which till of which station this has become. */
export const RESTART_AFTER_MS = 4_000;

/** After these only another code helps, so the field is emptied for it. */
const SPENT: readonly string[] = ['code_expired', 'code_used', 'code_used_up'];

/** From a typed code to a till that has an identity. */
export class Enrolment {
  code = $state('');
  isSending = $state(false);
  isRestarting = $state(false);
  failure = $state.raw<TillError | null>(null);
  enrolled = $state.raw<Enrolled | null>(null);
  readonly isComplete = $derived(this.code.length === CODE_LENGTH);
  /** Another than the code's own agent answered: nothing more is typed before somebody has looked. */
  readonly isStopped = $derived(this.failure?.code === 'wrong_authority');

  constructor(readonly agentUrl: string) {}

  type(text: string): void {
    if (this.isSending) return;
    this.code = charactersOf(text);
    if (!this.isStopped) this.failure = null;
  }

  press(character: string): void {
    this.type(this.code + character);
  }

  back(): void {
    this.type(this.code.slice(0, -1));
  }

  /** Leaves the stop: the address or the code has been looked at. */
  again(): void {
    this.failure = null;
    this.code = '';
  }

  async submit(): Promise<void> {
    if (!this.isComplete || this.isSending || this.enrolled !== null) return;
    this.isSending = true;
    this.failure = null;
    try {
      this.enrolled = await enrol(this.code);
    } catch (cause) {
      this.failure = asTillError(cause);
      if (SPENT.includes(this.failure.code)) this.code = '';
    } finally {
      this.isSending = false;
    }
  }

  /** Asks the core to start again with its identity; in the end this window is gone. */
  async start(): Promise<void> {
    if (this.isRestarting) return;
    this.isRestarting = true;
    this.failure = null;
    try {
      await restart();
    } catch (cause) {
      this.failure = asTillError(cause);
      this.isRestarting = false;
    }
  }
}

export function showLanguage(language: SetupState['language']): void {
  locale.language = language === 'en' ? 'en' : 'ko';
  document.documentElement.lang = locale.language;
}

/** The screen follows at once; a core that cannot keep the choice yet asks again at its start. */
export function chooseLanguage(language: Language): void {
  showLanguage(language);
  setLanguage(language).catch(() => undefined);
}
