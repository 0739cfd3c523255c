import { daysBetween } from "../../i18n/formats";
import { useText } from "../../i18n/useText";

export function DaySeparator({ at }: { at: string }) {
  const { t, formats } = useText();
  const days = daysBetween(new Date(at), new Date());
  return (
    <div className="flex justify-center pt-4 pb-1">
      <time dateTime={at} className="rounded-full bg-sunken px-3 py-0.5 text-xs font-medium text-ink-soft">
        {days === 0 ? t("common.today") : days === 1 ? t("common.yesterday") : formats.day(at)}
      </time>
    </div>
  );
}

/** The line between what was read and what was not. */
export function UnreadSeparator({ count }: { count: number }) {
  const { t } = useText();
  return (
    <div data-testid="unread-divider" className="flex items-center gap-3 px-3 pt-4 pb-1 text-brass md:px-6">
      <span className="h-px flex-1 bg-brass opacity-50" />
      <span className="text-xs font-semibold">{t("chat.unreadLine", { count })}</span>
      <span className="h-px flex-1 bg-brass opacity-50" />
    </div>
  );
}
