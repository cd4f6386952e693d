import type { QuarantineRow } from '../generated/QuarantineRow';
import type { Summary } from '../generated/Summary';
import { Feed } from '../shared/feed.svelte';

export const summary = new Feed<Summary>('/summary');
export const quarantine = new Feed<QuarantineRow[]>('/quarantine');
