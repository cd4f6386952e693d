import en from '../../../../assets/locales/till.en.json';
import ko from '../../../../assets/locales/till.ko.json';

export type Language = 'ko' | 'en';
export type TextKey = keyof typeof ko;
type Params = Readonly<Record<string, string | number>>;

const texts: Record<Language, Record<TextKey, string>> = { ko, en };

class Locale {
  language = $state<Language>('ko');
}

/** The language every text on the screen is drawn in; changing it redraws them at once. */
export const locale = new Locale();

/** Fills the `{name}` places of a text. A place without a value stays visible: it is a defect to see. */
export function fill(text: string, params: Params): string {
  return text.replace(/\{(\w+)\}/g, (place, name: string) => String(params[name] ?? place));
}

export function t(key: TextKey, params: Params = {}): string {
  return fill(texts[locale.language][key], params);
}

/** Picks the name in the language of the screen; a product without an English name keeps its Korean one. */
export function nameOf(named: { nameKo: string; nameEn: string }): string {
  const [first, second] =
    locale.language === 'ko' ? [named.nameKo, named.nameEn] : [named.nameEn, named.nameKo];
  return first === '' ? second : first;
}

/** The summary of a sale in the language of the screen. */
export function nameOfSummary(row: { summaryKo: string; summaryEn: string }): string {
  return nameOf({ nameKo: row.summaryKo, nameEn: row.summaryEn });
}
