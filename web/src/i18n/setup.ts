// i18next with each language's strings loaded on demand. Call `startI18n` before the first render.
import i18n from 'i18next';
import { initReactI18next } from 'react-i18next';
import type en from '../locales/en.json';
import { initialLanguage, rememberLanguage, type Language } from './languages';

declare module 'i18next' {
  interface CustomTypeOptions {
    resources: { translation: typeof en };
  }
}

const load: Record<Language, () => Promise<{ default: object }>> = {
  en: () => import('../locales/en.json'),
  zh: () => import('../locales/zh.json'),
};

async function ensureLoaded(language: Language) {
  if (i18n.hasResourceBundle(language, 'translation')) return;
  i18n.addResourceBundle(language, 'translation', (await load[language]()).default);
}

export async function startI18n() {
  const language = initialLanguage();
  await i18n.use(initReactI18next).init({
    lng: language,
    resources: {},
    interpolation: { escapeValue: false },
    returnNull: false,
  });
  await switchLanguage(language);
}

export async function switchLanguage(language: Language) {
  await ensureLoaded(language);
  await i18n.changeLanguage(language);
  document.documentElement.lang = language;
  rememberLanguage(language);
}
