import { vi } from 'vitest';

export type Asked = { method: string; path: string; body: unknown; headers: Record<string, string> };
type Reply = { status?: number; json?: unknown };

/** Answers the page's requests as HQ would; what was asked is kept for the test to look at. */
export function answerWith(reply: (asked: Asked) => Reply | 'nothing'): Asked[] {
  const log: Asked[] = [];
  vi.stubGlobal('fetch', (path: string, init: RequestInit) => {
    const body = typeof init.body === 'string' ? (JSON.parse(init.body) as unknown) : undefined;
    const asked = { method: init.method ?? 'GET', path, body, headers: init.headers as Record<string, string> };
    log.push(asked);
    const answer = reply(asked);
    if (answer === 'nothing') return Promise.reject(new TypeError('Failed to fetch'));
    return Promise.resolve(new Response(JSON.stringify(answer.json ?? {}), { status: answer.status ?? 200 }));
  });
  return log;
}
