import type { Notification } from "@vestnik/client";
import { useText } from "../../i18n/useText";
import { classes } from "../../ui/classes";
import { AlertIcon, BellIcon, CardIcon, ChatIcon, InvoiceIcon, LockIcon } from "../../ui/icons";
import { momentOf } from "./groups";

const LEVELS: Record<string, string> = {
  success: "bg-success-soft text-success",
  warning: "bg-brass-soft text-brass",
  error: "bg-danger-soft text-danger",
};

interface NotificationItemProps {
  notification: Notification;
  onFollow: (notification: Notification) => void;
}

export function NotificationItem({ notification, onFollow }: NotificationItemProps) {
  const { t, formats } = useText();
  const unread = notification.read_at === null;
  const at = momentOf(notification);
  return (
    <li>
      <button
        type="button"
        data-testid="notification"
        data-notification-id={notification.id}
        data-read={!unread}
        onClick={() => onFollow(notification)}
        className={classes(
          "flex w-full items-start gap-3 rounded-xl px-2 py-2.5 text-left hover:bg-sunken",
          unread && "bg-accent-faint",
        )}
      >
        <span
          className={classes(
            "grid size-9 shrink-0 place-items-center rounded-full",
            LEVELS[notification.level] ?? "bg-accent-soft text-accent",
          )}
        >
          <KindIcon kind={notification.kind} />
        </span>
        <span className="min-w-0 flex-1">
          <span className={classes("block leading-snug", unread && "font-semibold")}>
            {notification.title}
          </span>
          {notification.body && (
            <span className="mt-0.5 line-clamp-2 text-sm text-ink-soft wrap-hard">{notification.body}</span>
          )}
        </span>
        <span className="flex shrink-0 flex-col items-end gap-1.5 pt-0.5">
          <time dateTime={at} title={formats.moment(at)} className="tabular text-xs text-ink-soft">
            {formats.time(at)}
          </time>
          {unread && (
            <span className="size-2 rounded-full bg-brass">
              <span className="sr-only">{t("notifications.unread")}</span>
            </span>
          )}
        </span>
      </button>
    </li>
  );
}

function KindIcon({ kind }: { kind: string }) {
  const area = kind.split(".")[0];
  if (area === "chat") return <ChatIcon size={18} />;
  if (area === "invoice") return <InvoiceIcon size={18} />;
  if (area === "payment") return <CardIcon size={18} />;
  if (area === "security") return <LockIcon size={18} />;
  if (area === "system") return <AlertIcon size={18} />;
  return <BellIcon size={18} />;
}
