import { t } from '../shared/i18n.svelte';

/** The word for a way of paying; a kind this till does not know yet is shown as it is. */
export function tenderName(kind: string): string {
  if (kind === 'cash' || kind === 'card' || kind === 'account') return t(`tender.kind.${kind}`);
  return kind;
}
