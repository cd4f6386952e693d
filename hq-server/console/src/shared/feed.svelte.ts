import { untrack } from 'svelte';
import { api, RequestFailure } from './api';
import { connection } from './connection.svelte';

const POLL_INTERVAL_MS = 2000;

export type FeedPhase = 'loading' | 'failed' | 'stale' | 'live';

/**
 * One list of HQ, asked again every two seconds while it is on the page and the page is visible. When HQ stops
 * answering, the last value stays and is marked with the time of the last answer.
 */
export class Feed<Value> {
  value = $state.raw<Value | null>(null);
  failure = $state.raw<RequestFailure | null>(null);
  answeredAt = $state.raw<Date | null>(null);
  phase = $derived<FeedPhase>(this.#phase());

  #path: string;
  #lastText = '';
  #watchers = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Raised by `refresh`, so that an answer begun before a change does not overwrite the one after it. */
  #question = 0;

  constructor(path: string) {
    this.#path = path;
  }

  #phase(): FeedPhase {
    if (this.value === null) return this.failure === null ? 'loading' : 'failed';
    return this.failure === null ? 'live' : 'stale';
  }

  /** Keeps the feed going until the returned function is called; for `$effect(() => feed.watch())`. */
  watch(): () => void {
    this.#watchers += 1;
    if (this.#watchers === 1) {
      document.addEventListener('visibilitychange', this.#onVisibility);
      // What is asked depends on the token, but asking must not tie the caller's effect to it.
      untrack(() => void this.#turn());
    }
    return () => {
      this.#watchers -= 1;
      if (this.#watchers > 0) return;
      document.removeEventListener('visibilitychange', this.#onVisibility);
      clearTimeout(this.#timer);
    };
  }

  /** Asks at once, as after a change made here. Never throws: a failure is a state of the feed. */
  refresh(): Promise<void> {
    this.#question += 1;
    return this.#ask(this.#question);
  }

  #onVisibility = (): void => {
    if (document.visibilityState === 'visible') void this.#turn();
  };

  async #turn(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#watchers === 0 || document.visibilityState === 'hidden') return;
    await this.refresh();
    clearTimeout(this.#timer);
    if (this.#watchers > 0) this.#timer = setTimeout(() => void this.#turn(), POLL_INTERVAL_MS);
  }

  async #ask(question: number): Promise<void> {
    try {
      const value = await api.get<Value>(this.#path);
      if (question !== this.#question) return;
      // An answer equal to the last one leaves the page untouched: no needless re-rendering under the reader's eyes.
      const text = JSON.stringify(value);
      if (text !== this.#lastText) this.value = value;
      this.#lastText = text;
      this.failure = null;
      this.answeredAt = new Date();
      connection.answered(this.answeredAt);
    } catch (failure) {
      if (question !== this.#question || !(failure instanceof RequestFailure)) return;
      // The token screen takes over; the list is no worse than before.
      if (failure.code === 'unauthorized') return;
      this.failure = failure;
      if (failure.unanswered) connection.unanswered();
    }
  }
}
