/** The language of the page: where the choice comes from and how it is switched without a reload. */
import { i18n, type Messages } from "@lingui/core";

export const LOCALES = ["en", "ru"] as const;
export type Locale = (typeof LOCALES)[number];

/** Each language in its own name, so that a person who reads only one of them finds it. */
export const LOCALE_NAMES: Record<Locale, string> = { en: "English", ru: "Русский" };

const STORAGE_KEY = "vestnik.language";

const CATALOGUES: Record<Locale, () => Promise<{ messages: Messages }>> = {
  en: () => import("./locales/en.po"),
  ru: () => import("./locales/ru.po"),
};

export function isLocale(value: unknown): value is Locale {
  return LOCALES.some((locale) => locale === value);
}

/** The person's earlier choice on this device, else what the browser asks for, else English. */
export function preferredLocale(): Locale {
  const stored = localStorage.getItem(STORAGE_KEY);
  if (isLocale(stored)) return stored;
  for (const language of navigator.languages ?? []) {
    const base = language.split("-")[0];
    if (isLocale(base)) return base;
  }
  return "en";
}

/** Loads the catalogue and switches the whole page to it; the last call wins when several overlap. */
export async function activateLocale(locale: Locale): Promise<void> {
  const turn = ++lastTurn;
  const { messages } = await CATALOGUES[locale]();
  if (turn !== lastTurn) return;
  i18n.loadAndActivate({ locale, messages });
  document.documentElement.lang = locale;
  localStorage.setItem(STORAGE_KEY, locale);
}

let lastTurn = 0;
