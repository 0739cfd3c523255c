/** Language and theme: switched here at once, stored with the person, taken over on their other devices. */
import { useNotifications, useRealtime, useSession } from "@vestnik/client/react";
import { useCallback, useEffect, useRef } from "react";
import { errorText } from "../../i18n/errors";
import { activateLocale, isLocale, type Locale } from "../../i18n/locale";
import { useText } from "../../i18n/useText";
import { complain } from "../../ui/complain";
import { isTheme, setTheme, type Theme } from "./theme";

/** Chosen on the sign-in page: a wish of this very minute, which wins over what was stored earlier. */
let chosenAtSignIn: Locale | null = null;

/** Switches the language of a page on which nobody is signed in. */
export function chooseLanguageAtSignIn(locale: Locale): void {
  chosenAtSignIn = locale;
  void activateLocale(locale);
}

/** Switches this page and stores the choice on the server, where e-mails and the other devices find it. */
export function useStoredPreferences(): {
  setLanguage(locale: Locale): void;
  setStoredTheme(theme: Theme): void;
} {
  const { api } = useRealtime();
  const { refetch } = useNotifications();
  const { t } = useText();
  const latest = useRef({ refetch, t });
  latest.current = { refetch, t };

  const store = useCallback(
    async (change: { language?: Locale; theme?: Theme }) => {
      try {
        await api.patch("/api/auth/me/", change);
        // The server words notifications in the language of their reader.
        if (change.language) await latest.current.refetch();
      } catch (error) {
        complain(errorText(latest.current.t, error));
      }
    },
    [api],
  );
  const setLanguage = useCallback(
    (language: Locale) => {
      void activateLocale(language);
      void store({ language });
    },
    [store],
  );
  const setStoredTheme = useCallback(
    (theme: Theme) => {
      setTheme(theme);
      void store({ theme });
    },
    [store],
  );
  return { setLanguage, setStoredTheme };
}

/** Takes over what the person chose elsewhere; what they chose on the sign-in page goes the other way. */
export function useServerPreferences(): void {
  const { user } = useSession();
  const { setLanguage } = useStoredPreferences();
  const language = user?.language;
  const theme = user && "theme" in user ? user.theme : undefined;

  useEffect(() => {
    if (!isLocale(language)) return;
    const wished = chosenAtSignIn;
    chosenAtSignIn = null;
    if (wished && wished !== language) setLanguage(wished);
    else void activateLocale(language);
  }, [language, setLanguage]);

  useEffect(() => {
    if (isTheme(theme)) setTheme(theme);
  }, [theme]);
}
