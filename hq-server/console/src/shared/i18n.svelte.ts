import { age } from './format';
import en from '../../../../assets/locales/console.en.json';
import ko from '../../../../assets/locales/console.ko.json';

export type Language = 'ko' | 'en';
export type TextKey = keyof typeof ko;
export type ErrorText = { what: string; why: string; now: string };

const LANGUAGE_KEY = 'juyu.console.language';
const texts: Record<Language, Record<string, string>> = { ko, en };

/** The error texts are shared by all programs; a code that is missing there falls back to what HQ says in `detail`. */
const errorFiles = import.meta.glob<Record<string, ErrorText>>('../../../../assets/locales/errors.*.json', {
  eager: true,
  import: 'default',
});

function errorsOf(language: Language): Record<string, ErrorText> {
  const found = Object.entries(errorFiles).find(([path]) => path.endsWith(`errors.${language}.json`));
  return found?.[1] ?? {};
}

const errorTexts: Record<Language, Record<string, ErrorText>> = { ko: errorsOf('ko'), en: errorsOf('en') };

function firstLanguage(): Language {
  const kept = localStorage.getItem(LANGUAGE_KEY);
  if (kept === 'ko' || kept === 'en') return kept;
  return navigator.language.startsWith('ko') ? 'ko' : 'en';
}

class Reading {
  language = $state<Language>(firstLanguage());

  read(language: Language): void {
    this.language = language;
    localStorage.setItem(LANGUAGE_KEY, language);
    document.documentElement.lang = language;
  }
}

export const reading = new Reading();

/** The text of a key in the language being read, its `{name}` places filled in. */
export function t(key: TextKey, values: Record<string, string | number> = {}): string {
  const text = texts[reading.language][key] ?? key;
  return text.replace(/\{(\w+)\}/g, (place, name: string) => String(values[name] ?? place));
}

type CountedKey = { [K in TextKey]: K extends `${infer Stem}.one` ? Stem : never }[TextKey];

/** Like `t`, choosing `.one` or `.other` by the count; Korean has one form, and its two texts are the same. */
export function counted(stem: CountedKey, count: number, values: Record<string, string | number> = {}): string {
  return t(`${stem}.${count === 1 ? 'one' : 'other'}` as TextKey, { count, ...values });
}

/** How long ago, in words: `just now`, `3 minutes ago`. */
export function ageText(at: string | Date, now: Date): string {
  const passed = age(at, now);
  return passed.unit === 'now' ? t('age.now') : counted(`age.${passed.unit}`, passed.count);
}

/** What, why and what now of an error code, or nothing when the shared texts do not know it. */
export function errorText(code: string): ErrorText | null {
  return errorTexts[reading.language][code] ?? null;
}
