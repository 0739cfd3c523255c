import type { Notification } from "@vestnik/client";
import type { useNotifications } from "@vestnik/client/react";
import { useEffect, useRef, useState } from "react";
import { useLocation } from "wouter";
import { codeText, errorText } from "../../i18n/errors";
import { daysBetween } from "../../i18n/formats";
import { useText } from "../../i18n/useText";
import { Button } from "../../ui/Button";
import { Choice } from "../../ui/Choice";
import { complain } from "../../ui/complain";
import { Empty } from "../../ui/Empty";
import { AlertIcon, BellIcon } from "../../ui/icons";
import { Spinner } from "../../ui/Spinner";
import { byDay } from "./groups";
import { isOwnAddress } from "./link";
import { NotificationItem } from "./NotificationItem";

type Filter = "all" | "unread";

interface NotificationPanelProps {
  notifications: ReturnType<typeof useNotifications>;
  /** Called when a notification led somewhere. */
  onFollowed: () => void;
}

export default function NotificationPanel({ notifications, onFollowed }: NotificationPanelProps) {
  const { t, formats } = useText();
  const [, navigate] = useLocation();
  const [filter, setFilter] = useState<Filter>("all");
  const { unseen, markSeen, markRead, markAllRead, loadMore, hasMore, loadingMore, status } = notifications;

  // What lies open in front of somebody was seen.
  const see = useRef(markSeen);
  see.current = markSeen;
  useEffect(() => {
    if (unseen > 0) see.current().catch(() => undefined);
  }, [unseen]);

  const shown =
    filter === "all"
      ? notifications.notifications
      : notifications.notifications.filter((notification) => !notification.read_at);

  const follow = (notification: Notification) => {
    if (!notification.read_at)
      markRead([notification.id]).catch((error: unknown) => complain(errorText(t, error)));
    if (!isOwnAddress(notification.link)) return;
    navigate(notification.link);
    onFollowed();
  };

  const end = useEndInSight(hasMore && !loadingMore, () => void loadMore().catch(() => undefined));
  const titles = (at: string) => {
    const days = daysBetween(new Date(at), new Date());
    return days === 0 ? t("common.today") : days === 1 ? t("common.yesterday") : formats.day(at);
  };

  return (
    <>
      <header className="flex flex-wrap items-center gap-2 border-b border-line px-4 py-3">
        <h2 className="mr-auto text-lg font-semibold">{t("notifications.title")}</h2>
        <Button
          small
          look="quiet"
          disabled={notifications.unread === 0}
          onClick={() => void markAllRead().catch((error: unknown) => complain(errorText(t, error)))}
        >
          {t("notifications.readAll")}
        </Button>
        <Choice
          label={t("notifications.filter")}
          value={filter}
          onChange={setFilter}
          options={[
            { value: "all", label: t("notifications.all") },
            {
              value: "unread",
              label:
                notifications.unread > 0
                  ? t("notifications.unreadCount", { count: notifications.unread })
                  : t("notifications.unread"),
            },
          ]}
        />
      </header>
      <div className="min-h-48 flex-1 overflow-y-auto p-2" data-testid="notification-list">
        {byDay(shown).map((group) => (
          <section key={group.key} aria-label={titles(group.at)}>
            <h3 className="px-2 pt-2 pb-1 text-xs font-semibold text-ink-soft">{titles(group.at)}</h3>
            <ul>
              {group.notifications.map((notification) => (
                <NotificationItem key={notification.id} notification={notification} onFollow={follow} />
              ))}
            </ul>
          </section>
        ))}
        {shown.length === 0 && !hasMore && status === "ready" && (
          <Empty
            icon={<BellIcon size={28} />}
            title={t(filter === "all" ? "notifications.none" : "notifications.noneUnread")}
          />
        )}
        {status === "failed" && notifications.notifications.length === 0 && (
          <Empty icon={<AlertIcon size={28} />} title={codeText(t, notifications.error?.code ?? 0)}>
            <Button onClick={() => void notifications.refetch()}>{t("common.retry")}</Button>
          </Empty>
        )}
        {(status === "loading" || loadingMore) && <Spinner label={t("common.loading")} />}
        <div ref={end} className="h-px" />
      </div>
    </>
  );
}

/** Calls `fetchMore` when the element comes into sight while `wanted`. */
function useEndInSight(wanted: boolean, fetchMore: () => void) {
  const element = useRef<HTMLDivElement>(null);
  const latest = useRef(fetchMore);
  latest.current = fetchMore;
  useEffect(() => {
    if (!wanted || !element.current) return;
    const observer = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) latest.current();
    });
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [wanted]);
  return element;
}
