import { notificationWebSocketService } from "@vestnik/client";
import { useEffect, useRef } from "react";
import { Toaster, toast } from "sonner";
import { useLocation } from "wouter";
import { useText } from "../../i18n/useText";
import { useTheme } from "../account/theme";
import { isOwnAddress } from "./link";
import { isWorthAToast } from "./worth";

const MAX_TOASTS = 3;

/** Shows what arrives while somebody looks; what concerns the open page is there already. */
export default function LiveToasts() {
  const { t } = useText();
  const theme = useTheme();
  const [location, navigate] = useLocation();

  // Who has come to where a toast leads does not need it any more.
  const shown = useRef(new Map<number, string>());
  useEffect(() => {
    for (const [id, link] of shown.current) {
      if (link === location) toast.dismiss(id);
    }
  }, [location]);

  const latest = useRef({ location, navigate, t });
  latest.current = { location, navigate, t };

  useEffect(
    () =>
      notificationWebSocketService.connect({
        onNotification: (notification) => {
          const { location: here, navigate: go, t: text } = latest.current;
          if (!isWorthAToast(notification, here, document.visibilityState === "visible")) return;
          shown.current.set(notification.id, notification.link);
          toast(notification.title, {
            onAutoClose: () => shown.current.delete(notification.id),
            onDismiss: () => shown.current.delete(notification.id),
            id: notification.id,
            description: notification.body || undefined,
            ...(isOwnAddress(notification.link)
              ? { action: { label: text("notifications.open"), onClick: () => go(notification.link) } }
              : {}),
          });
        },
      }),
    [],
  );

  return (
    <Toaster
      theme={theme}
      position="top-right"
      visibleToasts={MAX_TOASTS}
      offset={{ top: 16, right: 16 }}
      mobileOffset={{ top: 12 }}
      containerAriaLabel={t("notifications.title")}
      closeButton={false}
      gap={8}
      toastOptions={{
        style: {
          background: "var(--raised)",
          color: "var(--ink)",
          borderColor: "var(--line)",
          fontFamily: "var(--font-sans)",
          boxShadow: "var(--shadow)",
        },
        classNames: {
          description: "text-ink-soft!",
          actionButton: "bg-accent! text-on-accent! min-h-8! px-3!",
        },
      }}
    />
  );
}
