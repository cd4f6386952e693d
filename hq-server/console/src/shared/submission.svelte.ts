import { RequestFailure } from './api';

/** Random text for an Idempotency-Key. `crypto.randomUUID` is missing where the page comes over plain HTTP. */
function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * One intention of the reader, such as placing an order, until it succeeds. When no answer came it is not known
 * whether HQ did it; the same intention sent again therefore carries the same key and is done once.
 */
export class Submission {
  busy = $state(false);
  failure = $state.raw<RequestFailure | null>(null);

  #key = randomKey();
  #keyOf = '';

  /** The answer, or nothing when it failed; the failure is then shown beside the form. */
  async send<Body, Answer>(body: Body, post: (body: Body, key: string) => Promise<Answer>): Promise<Answer | null> {
    if (this.busy) return null;
    this.busy = true;
    const text = JSON.stringify(body);
    if (text !== this.#keyOf) this.#key = randomKey();
    this.#keyOf = text;
    try {
      const answer = await post(body, this.#key);
      this.failure = null;
      this.#keyOf = '';
      return answer;
    } catch (failure) {
      if (!(failure instanceof RequestFailure)) throw failure;
      this.failure = failure;
      // A refusal is an answer: the next attempt is a new one.
      if (!failure.unanswered) this.#keyOf = '';
      return null;
    } finally {
      this.busy = false;
    }
  }
}
