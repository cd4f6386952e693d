import type { TillStatus } from '../generated/TillStatus';
import { setLanguage, setTheme, tillStatus } from '../shared/bridge';
import { locale, type Language } from '../shared/i18n.svelte';

export type Theme = TillStatus['theme'];

export const POLL_EVERY_MS = 1_000;

/** Three missed answers: one may be a busy disk, three are a core that hangs. */
const STALE_AFTER_MS = 3_500;

/** What the core last said about itself, and whether it still says anything. */
export class StatusWatch {
  status = $state.raw<TillStatus | null>(null);
  #answeredAtMs = $state(Date.now());
  #lookedAtMs = $state(Date.now());
  readonly isStale = $derived(this.#lookedAtMs - this.#answeredAtMs > STALE_AFTER_MS);
  readonly answeredAtMs = $derived(this.#answeredAtMs);
  readonly lookedAtMs = $derived(this.#lookedAtMs);
  /** Changes whenever something reached the station or HQ, or was sold. */
  readonly progress = $derived(
    this.status === null
      ? ''
      : [this.status.pendingCount, this.status.agentLastAckAt, this.status.hqLastAckAt].join(' '),
  );
  theme = $state<Theme>('system');
  #asking = false;
  /** Counts the choices made here: an answer asked for before the last one still tells the old. */
  #choices = 0;

  async poll(): Promise<void> {
    this.#lookedAtMs = Date.now();
    if (this.#asking) return;
    this.#asking = true;
    const choices = this.#choices;
    try {
      const status = await tillStatus();
      this.#take(status);
      if (choices === this.#choices) this.#show(status);
    } catch {
      // Counted by the time since the last answer; the banner says so after STALE_AFTER_MS.
    } finally {
      this.#asking = false;
    }
  }

  #take(status: TillStatus): void {
    this.#answeredAtMs = Date.now();
    this.#lookedAtMs = this.#answeredAtMs;
    this.status = status;
  }

  #show({ language, theme }: Pick<TillStatus, 'language' | 'theme'>): void {
    locale.language = language;
    document.documentElement.lang = language;
    this.theme = theme;
    if (theme === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = theme;
  }

  chooseLanguage(language: Language): Promise<void> {
    this.#show({ language, theme: this.theme });
    return this.#keep(() => setLanguage(language));
  }

  chooseTheme(theme: Theme): Promise<void> {
    this.#show({ language: locale.language, theme });
    return this.#keep(() => setTheme(theme));
  }

  async #keep(save: () => Promise<unknown>): Promise<void> {
    this.#choices += 1;
    try {
      await save();
    } catch {
      // The choice is not kept; the next answer of the core shows what is.
    }
    this.#choices += 1;
    await this.poll();
  }
}
