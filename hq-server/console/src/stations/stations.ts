import type { Station } from '../generated/Station';
import { Feed } from '../shared/feed.svelte';

export const stations = new Feed<Station[]>('/stations');

export type StationState = Station['state'];

/** Whether a number of this station was counted by somebody. Of a station never seen HQ knows nothing, not zero. */
export function isKnown(station: Station): boolean {
  return station.state !== 'never';
}

export function behindCount(station: Station): number {
  return station.terminals.filter((terminal) => terminal.behind).length;
}

/** Finds by code, name or address, ignoring case and spaces, as `destAddr` does. */
export function matches(station: Station, query: string): boolean {
  const folded = fold(query);
  return [station.stationCode, station.stationName, station.address].some((text) => fold(text).includes(folded));
}

function fold(text: string): string {
  return text.toLowerCase().replace(/[\s_]/g, '');
}

/** Since when some terminal lacks prices; nothing when none does, or nobody knows. */
export function firstBehind(station: Station): string | null {
  const since = station.terminals.flatMap((terminal) => (terminal.behindSince === null ? [] : [terminal.behindSince]));
  return since.sort()[0] ?? null;
}
