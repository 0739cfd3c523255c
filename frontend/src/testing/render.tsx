/** Renders pieces as the page does: with texts, and in English unless the test says otherwise. */
import { i18n } from "@lingui/core";
import { I18nProvider } from "@lingui/react";
import { render } from "@testing-library/react";
import type { ReactElement, ReactNode } from "react";
import type { Locale } from "../i18n/locale";
import { messages as en } from "../i18n/locales/en.po";
import { messages as ru } from "../i18n/locales/ru.po";

export function renderPiece(piece: ReactElement, locale: Locale = "en") {
  i18n.loadAndActivate({ locale, messages: locale === "en" ? en : ru });
  return render(piece, {
    wrapper: ({ children }: { children: ReactNode }) => <I18nProvider i18n={i18n}>{children}</I18nProvider>,
  });
}
