import type { Problem } from '../generated/Problem';
import { session } from './session.svelte';

/** HQ answers in milliseconds; after this long it is not answering, and the page says so. */
const ANSWER_MS_MAX = 8000;

/** Why a request came to nothing. `code` is HQ's own, or one of the three the page adds. */
export class RequestFailure extends Error {
  override readonly name = 'RequestFailure';

  constructor(
    readonly code: string,
    readonly detail: string,
    readonly status: number | null,
  ) {
    super(`${code}: ${detail}`);
  }

  /** No answer from HQ itself: what is on the page may be old, and asking again is worth while. */
  get unanswered(): boolean {
    return this.status === null || this.status >= 500;
  }
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH';

async function problemOf(response: Response): Promise<RequestFailure> {
  try {
    const problem = (await response.json()) as Partial<Problem>;
    return new RequestFailure(problem.code ?? 'unexpected_answer', problem.detail ?? '', response.status);
  } catch {
    return new RequestFailure('unexpected_answer', '', response.status);
  }
}

async function send(method: Method, path: string, body: unknown, token: string, key?: string): Promise<Response> {
  const headers: Record<string, string> = { Authorization: `Bearer ${token}`, Accept: 'application/json' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (key !== undefined) headers['Idempotency-Key'] = key;
  try {
    return await fetch(`/api/v1${path}`, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: 'no-store',
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    });
  } catch (cause) {
    throw new RequestFailure('no_answer', String(cause), null);
  }
}

async function request<Answer>(method: Method, path: string, body?: unknown, key?: string): Promise<Answer> {
  const token = session.token;
  if (token === null) throw new RequestFailure('unauthorized', '', 401);
  const response = await send(method, path, body, token, key);
  if (response.status === 401) {
    // A late refusal of an earlier token must not throw away the one just entered.
    if (session.token === token) session.refuse();
    throw new RequestFailure('unauthorized', '', 401);
  }
  if (!response.ok) throw await problemOf(response);
  try {
    return (await response.json()) as Answer;
  } catch {
    throw new RequestFailure('unexpected_answer', '', response.status);
  }
}

export const api = {
  get: <Answer>(path: string) => request<Answer>('GET', path),
  /** `key` names the intention: the same key sent twice is done once. */
  post: <Answer>(path: string, body: unknown, key: string) => request<Answer>('POST', path, body, key),
  put: <Answer>(path: string, body: unknown) => request<Answer>('PUT', path, body),
  patch: <Answer>(path: string, body: unknown) => request<Answer>('PATCH', path, body),
};
