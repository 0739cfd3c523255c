import { useNotifications } from "@vestnik/client/react";
import { lazy, Suspense, useState } from "react";
import { useText } from "../../i18n/useText";
import { Badge } from "../../ui/Badge";
import { BellIcon } from "../../ui/icons";
import { navItem } from "../../ui/navItem";
import { Popover } from "../../ui/Popover";
import { Spinner } from "../../ui/Spinner";

const NotificationPanel = lazy(() => import("./NotificationPanel"));

/** The bell with the number of what was not seen yet, and the panel that it opens. */
export function Bell() {
  const { t } = useText();
  const notifications = useNotifications();
  const [open, setOpen] = useState(false);
  return (
    <Popover
      open={open}
      onOpenChange={setOpen}
      label={t("notifications.title")}
      trigger={
        <button type="button" className={navItem(open)} data-testid="bell">
          <span className="relative grid h-6 w-full place-items-center">
            <BellIcon size={22} />
            <Badge
              count={notifications.unseen}
              label={t("notifications.unseen", { count: notifications.unseen })}
              testId="bell-count"
              className="absolute -top-2 left-[calc(50%+6px)] ring-2 ring-surface md:ring-paper"
            />
          </span>
          <span className="text-[0.6875rem] leading-none font-medium">{t("nav.notifications")}</span>
        </button>
      }
    >
      <Suspense fallback={<Spinner label={t("common.loading")} />}>
        <NotificationPanel notifications={notifications} onFollowed={() => setOpen(false)} />
      </Suspense>
    </Popover>
  );
}
