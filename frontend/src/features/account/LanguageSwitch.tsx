import { LOCALE_NAMES, LOCALES, type Locale } from "../../i18n/locale";
import { useText } from "../../i18n/useText";
import { Choice } from "../../ui/Choice";

/** The languages, each under its own name; the page switches without a reload. */
export function LanguageSwitch({ onChoose }: { onChoose: (locale: Locale) => void }) {
  const { t, locale } = useText();
  return (
    <Choice
      label={t("settings.language")}
      value={locale}
      options={LOCALES.map((value) => ({ value, label: LOCALE_NAMES[value], lang: value }))}
      onChange={onChoose}
    />
  );
}
