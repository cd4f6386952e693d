/**
 * Runs what the cashier asked for one after another, in the order of the keys, however fast they
 * came. When one fails, those already waiting behind it are dropped: a payment must not go through
 * for a cart that lacks the line typed just before.
 */
export class Steps {
  #last: Promise<void> = Promise.resolve();
  #epoch = 0;

  constructor(private readonly failed: (cause: unknown) => void) {}

  run(step: () => Promise<void>): Promise<void> {
    const epoch = this.#epoch;
    this.#last = this.#last.then(async () => {
      if (epoch !== this.#epoch) return;
      try {
        await step();
      } catch (cause) {
        this.#epoch += 1;
        this.failed(cause);
      }
    });
    return this.#last;
  }
}
