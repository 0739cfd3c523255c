import { useLingui } from "@lingui/react";
import { useMemo } from "react";
import { type Formats, formatsFor } from "./formats";
import type { MessageId } from "./ids.gen";
import { isLocale, type Locale } from "./locale";

export type Translate = (id: MessageId, values?: Record<string, unknown>) => string;

/** Texts and formats in the page's language; a component that calls it re-renders when the language changes. */
export function useText(): { t: Translate; formats: Formats; locale: Locale } {
  const { _, i18n } = useLingui();
  const locale = isLocale(i18n.locale) ? i18n.locale : "en";
  return useMemo(
    () => ({ t: (id, values) => _(id, values), formats: formatsFor(locale), locale }),
    [_, locale],
  );
}
