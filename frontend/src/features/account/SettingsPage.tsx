import { useRealtime, useSession } from "@vestnik/client/react";
import type { ReactNode } from "react";
import { useText } from "../../i18n/useText";
import { Avatar } from "../../ui/Avatar";
import { Button } from "../../ui/Button";
import { Choice } from "../../ui/Choice";
import { ExitIcon } from "../../ui/icons";
import { LanguageSwitch } from "./LanguageSwitch";
import { useStoredPreferences } from "./preferences";
import { roleText } from "./roles";
import { THEMES, useTheme } from "./theme";

export default function SettingsPage() {
  const { t } = useText();
  const { user, signOut } = useSession();
  const { outbox } = useRealtime();
  const theme = useTheme();
  const { setLanguage, setStoredTheme } = useStoredPreferences();
  return (
    <div className="h-full overflow-y-auto">
      <div className="mx-auto flex max-w-2xl flex-col gap-2 px-5 py-6 sm:px-8 sm:py-10">
        <h1 className="mb-4 text-2xl font-bold tracking-tight">{t("settings.title")}</h1>

        {user && (
          <div className="mb-4 flex items-center gap-4 rounded-2xl border border-line bg-surface p-5">
            <Avatar name={user.display_name} size={56} />
            <div className="min-w-0">
              <p className="truncate text-lg font-semibold">{user.display_name}</p>
              <p className="text-ink-soft">
                {roleText(t, user.role)} · <span className="text-ink-faint">{user.username}</span>
              </p>
            </div>
          </div>
        )}

        <Setting title={t("settings.language")} hint={t("settings.languageHint")}>
          <LanguageSwitch onChoose={setLanguage} />
        </Setting>
        <Setting title={t("settings.theme")} hint={t("settings.themeHint")}>
          <Choice
            label={t("settings.theme")}
            value={theme}
            options={THEMES.map((value) => ({ value, label: t(`theme.${value}`) }))}
            onChange={setStoredTheme}
          />
        </Setting>
        <Setting
          title={t("settings.device")}
          hint={outbox.durable ? t("settings.deviceHint") : t("settings.notDurable")}
        >
          <div className="flex flex-wrap gap-2">
            <Button onClick={() => void signOut()} data-testid="sign-out">
              <ExitIcon size={18} />
              {t("settings.signOut")}
            </Button>
            <Button look="quiet" onClick={() => void signOut({ everywhere: true })}>
              {t("settings.signOutEverywhere")}
            </Button>
          </div>
        </Setting>
      </div>
    </div>
  );
}

function Setting({ title, hint, children }: { title: string; hint: string; children: ReactNode }) {
  return (
    <section className="flex flex-col gap-3 border-b border-line py-5 last:border-0">
      <div>
        <h2 className="font-semibold">{title}</h2>
        <p className="text-sm text-ink-soft">{hint}</p>
      </div>
      <div>{children}</div>
    </section>
  );
}
