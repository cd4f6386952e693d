import type { QuarantineEntry } from '../generated/QuarantineEntry';
import type { QuarantineRow } from '../generated/QuarantineRow';
import type { Replayed } from '../generated/Replayed';
import { api } from '../shared/api';
import { Feed } from '../shared/feed.svelte';

export const quarantine = new Feed<QuarantineRow[]>('/quarantine');

export type AsideMoney = 'counted' | 'leftout';
export type Settle = { key: string; money: AsideMoney; reason: string };

const path = (key: string) => `/quarantine/${encodeURIComponent(key)}`;

export const readEntry = (key: string) => api.get<QuarantineEntry>(path(key));

export const replayEntry = ({ key }: { key: string }, once: string) =>
  api.post<QuarantineEntry>(`${path(key)}/replay`, {}, once);

export const replayAll = ({ station }: { station: string | null }, once: string) =>
  api.post<Replayed>(
    station === null ? '/quarantine/replay' : `/quarantine/replay?station=${encodeURIComponent(station)}`,
    {},
    once,
  );

export const settleEntry = ({ key, money, reason }: Settle, once: string) =>
  api.post<QuarantineEntry>(`${path(key)}/settle`, { money, reason }, once);

/** The stations that have something set aside, in order. */
export function stationsOf(rows: QuarantineRow[]): string[] {
  return [...new Set(rows.map((row) => row.stationCode))].sort();
}

/** JSON laid out for reading, or the text as it came. The bytes that are kept are never these. */
export function laidOut(payload: string): string {
  try {
    return JSON.stringify(JSON.parse(payload), null, 2);
  } catch {
    return payload;
  }
}
