import type { RequestFailure } from './api';
import { errorText, t, type ErrorText } from './i18n.svelte';

/** What the reader is told: the shared text of the code, else what HQ itself said, else that HQ did not answer. */
export function failureText(failure: RequestFailure, act: 'read' | 'write' = 'write'): ErrorText {
  const shared = errorText(failure.code);
  if (shared !== null) return shared;
  if (failure.code === 'no_answer') {
    const now = act === 'read' ? t('unreachable.nowReading') : t('unreachable.now');
    return { what: t('unreachable.what'), why: t('unreachable.why'), now };
  }
  if (failure.detail !== '') return { what: t('refused.what'), why: failure.detail, now: '' };
  const status = failure.status ?? 0;
  return { what: t('unexpected.what'), why: t('unexpected.why', { status }), now: t('unexpected.now') };
}
