const TICK_MS = 1000;

/** One clock for the page, so that all ages on it agree. */
class Clock {
  now = $state(new Date());

  /** Ticks until the returned function is called. */
  run(): () => void {
    const timer = setInterval(() => (this.now = new Date()), TICK_MS);
    return () => clearInterval(timer);
  }
}

export const clock = new Clock();
