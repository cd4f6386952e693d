import type { Summary } from '../generated/Summary';
import { Feed } from '../shared/feed.svelte';

export const summary = new Feed<Summary>('/summary');
