import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { connection } from '../src/shared/connection.svelte';
import { Feed } from '../src/shared/feed.svelte';
import { session, takeTokenFromAddress } from '../src/shared/session.svelte';
import { Submission } from '../src/shared/submission.svelte';
import { api } from '../src/shared/api';
import { answerWith } from './answers';

beforeEach(() => session.signIn('token'));

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test('a feed is loading only until its first answer', async () => {
  answerWith(() => ({ json: [1] }));
  const feed = new Feed<number[]>('/numbers');
  expect(feed.phase).toBe('loading');
  await feed.refresh();
  expect(feed.phase).toBe('live');
  expect(feed.value).toEqual([1]);
});

test('what was read stays when HQ stops answering, and is marked stale', async () => {
  let up = true;
  answerWith(() => (up ? { json: [1] } : 'nothing'));
  const feed = new Feed<number[]>('/numbers');
  await feed.refresh();
  const answeredAt = feed.answeredAt;
  up = false;
  await feed.refresh();
  expect(feed.phase).toBe('stale');
  expect(feed.value).toEqual([1]);
  expect(feed.answeredAt).toBe(answeredAt);
  expect(connection.state).toBe('stale');
  up = true;
  await feed.refresh();
  expect(feed.phase).toBe('live');
  expect(connection.state).toBe('live');
});

test('an unchanged answer keeps the same value, so the page is not drawn again', async () => {
  answerWith(() => ({ json: [{ id: 1 }] }));
  const feed = new Feed<{ id: number }[]>('/numbers');
  await feed.refresh();
  const first = feed.value;
  await feed.refresh();
  expect(feed.value).toBe(first);
});

test('a watched feed asks again every two seconds and stops when nobody watches', async () => {
  vi.useFakeTimers();
  const asked = answerWith(() => ({ json: [] }));
  const feed = new Feed<number[]>('/numbers');
  const stop = feed.watch();
  await vi.advanceTimersByTimeAsync(4_100);
  expect(asked.length).toBe(3);
  stop();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(asked.length).toBe(3);
});

test('every request carries the token', async () => {
  const asked = answerWith(() => ({ json: [] }));
  await new Feed('/numbers').refresh();
  expect(asked[0]?.headers.Authorization).toBe('Bearer token');
  expect(asked[0]?.path).toBe('/api/v1/numbers');
});

test('a refused token is forgotten', async () => {
  answerWith(() => ({ status: 401, json: { code: 'unauthorized' } }));
  await new Feed('/numbers').refresh();
  expect(session.token).toBeNull();
  expect(session.reason).toBe('refused');
  expect(sessionStorage.getItem('juyu.console.token')).toBeNull();
});

test('the token leaves the address as soon as it is taken', () => {
  location.hash = '#token=abc%2F1';
  takeTokenFromAddress();
  expect(session.token).toBe('abc/1');
  expect(location.href).not.toContain('abc');
});

test('an unanswered request is repeated with the same key, and a changed one with a new key', async () => {
  let up = false;
  const asked = answerWith(() => (up ? { json: {} } : 'nothing'));
  const submission = new Submission();
  const post = (body: unknown, key: string) => api.post('/orders', body, key);
  await submission.send({ litres: 1 }, post);
  expect(submission.failure?.code).toBe('no_answer');
  await submission.send({ litres: 2 }, post);
  up = true;
  await submission.send({ litres: 2 }, post);
  expect(submission.failure).toBeNull();
  const keys = asked.map((request) => request.headers['Idempotency-Key']);
  expect(keys[0]).not.toBe(keys[1]);
  expect(keys[1]).toBe(keys[2]);
});

test('a refusal is an answer: the next attempt has a new key', async () => {
  const asked = answerWith(() => ({ status: 409, json: { code: 'duplicate_product', detail: 'taken' } }));
  const submission = new Submission();
  const post = (body: unknown, key: string) => api.post('/products', body, key);
  await submission.send({ id: 1 }, post);
  await submission.send({ id: 1 }, post);
  expect(submission.failure?.code).toBe('duplicate_product');
  expect(asked[0]?.headers['Idempotency-Key']).not.toBe(asked[1]?.headers['Idempotency-Key']);
});
