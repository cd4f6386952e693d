// What an error code says to a cashier: what happened, why, what now.
import type { TillError } from '../generated/TillError';
import { locale, t, type Language } from './i18n.svelte';

export type Explanation = { what: string; why: string; now: string };

// Read by pattern, so that a locale file which another program's change removes or has not yet
// written leaves the till with its own words instead of a failed build.
const files = import.meta.glob<Record<string, Explanation>>(
  '../../../../assets/locales/errors.*.json',
  { eager: true, import: 'default' },
);

function textsOf(language: Language): Record<string, Explanation> {
  const found = Object.entries(files).find(([path]) => path.endsWith(`errors.${language}.json`));
  return found?.[1] ?? {};
}

const explanations: Record<Language, Record<string, Explanation>> = {
  ko: textsOf('ko'),
  en: textsOf('en'),
};

/** Without an identity the till does not sell: what a lost agent or a wrong clock means there. */
export function explainSetup(error: TillError): Explanation {
  if (error.code === 'agent_unreachable') return ownWords('setup.unreachable');
  if (error.code === 'clock_doubt') return ownWords('setup.clock');
  return explain(error);
}

type OwnWords = 'refused.tooManyPieces' | 'setup.unreachable' | 'setup.clock';

function ownWords(stem: OwnWords): Explanation {
  return { what: t(`${stem}.what`), why: t(`${stem}.why`), now: t(`${stem}.now`) };
}

export function explain(error: TillError): Explanation {
  if (error.code === 'too_many_pieces') return ownWords('refused.tooManyPieces');
  const known = explanations[locale.language][error.code];
  if (known !== undefined) return known;
  return {
    what: error.message === '' ? t('error.fallback.what') : error.message,
    why: error.detail ?? '',
    now: t('error.fallback.now', { code: error.code }),
  };
}
