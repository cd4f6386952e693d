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
  #asking = false;

  async poll(): Promise<void> {
    this.#lookedAtMs = Date.now();
    if (this.#asking) return;
    this.#asking = true;
    try {
      this.#take(await tillStatus());
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
    showLanguage(status.language);
    showTheme(status.theme);
  }

  async chooseLanguage(language: Language): Promise<void> {
    showLanguage(language);
    await this.#keep(() => setLanguage(language));
  }

  async chooseTheme(theme: Theme): Promise<void> {
    showTheme(theme);
    if (this.status !== null) this.status = { ...this.status, theme };
    await this.#keep(() => setTheme(theme));
  }

  async #keep(save: () => Promise<unknown>): Promise<void> {
    try {
      await save();
    } catch {
      // The choice is not kept; the next answer of the core shows what is.
    }
    await this.poll();
  }
}

function showLanguage(language: Language): void {
  locale.language = language;
  document.documentElement.lang = language;
}

function showTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
}
