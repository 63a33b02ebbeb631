// Which languages the console speaks and how the first one is chosen.
export const LANGUAGES = { en: 'English', zh: '中文' } as const;
export type Language = keyof typeof LANGUAGES;

const STORAGE_KEY = 'myriad.language';

/** The language asked for earlier, else the first of the browser's that we speak, else English. */
export function chooseLanguage(stored: string | null, preferred: readonly string[]): Language {
  const wanted = [stored, ...preferred].map((tag) => tag?.toLowerCase().split('-')[0]);
  const known = wanted.find((tag): tag is Language => tag !== undefined && tag in LANGUAGES);
  return known ?? 'en';
}

export function initialLanguage(): Language {
  return chooseLanguage(localStorage.getItem(STORAGE_KEY), navigator.languages);
}

export function rememberLanguage(language: Language) {
  localStorage.setItem(STORAGE_KEY, language);
}

/** Picks a text from a `titles`-like map: this language, then English, then the given fallback. */
export function pickText(texts: Record<string, string> | undefined, language: string, fallback: string): string {
  if (!texts) return fallback;
  const regional = Object.keys(texts).find((tag) => tag.toLowerCase().split('-')[0] === language);
  return texts[language] ?? (regional && texts[regional]) ?? (fallback || texts.en || '');
}
