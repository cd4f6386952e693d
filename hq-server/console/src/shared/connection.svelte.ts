export type ConnectionState = 'connecting' | 'live' | 'stale' | 'unreached';

/** Whether HQ answers this page, by the latest request of any feed. */
class Connection {
  answeredAt = $state.raw<Date | null>(null);
  #failing = $state(false);

  get state(): ConnectionState {
    if (this.#failing) return this.answeredAt === null ? 'unreached' : 'stale';
    return this.answeredAt === null ? 'connecting' : 'live';
  }

  answered(at: Date): void {
    this.answeredAt = at;
    this.#failing = false;
  }

  unanswered(): void {
    this.#failing = true;
  }
}

export const connection = new Connection();
