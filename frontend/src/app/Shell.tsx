import { useConnection, useRealtime, useRooms, useSession } from "@vestnik/client/react";
import { lazy, type ReactNode, Suspense, useEffect, useRef } from "react";
import { Link, useLocation } from "wouter";
import { useServerPreferences } from "../features/account/preferences";
import { roleText, seesInvoices } from "../features/account/roles";
import { ConnectionBar } from "../features/connection/ConnectionBar";
import { Bell } from "../features/notifications/Bell";
import { useText } from "../i18n/useText";
import { Avatar } from "../ui/Avatar";
import { Badge } from "../ui/Badge";
import { classes } from "../ui/classes";
import { ChatIcon, InvoiceIcon, SettingsIcon } from "../ui/icons";
import { Mark } from "../ui/Mark";
import { navItem } from "../ui/navItem";

const LiveToasts = lazy(() => import("../features/notifications/LiveToasts"));

/** The frame around every signed-in page: the connection bar, the navigation, and what is open. */
export function Shell({ children }: { children: ReactNode }) {
  const { t } = useText();
  const [location] = useLocation();
  const { session } = useRealtime();
  const { user } = useSession();
  const { unreadTotal } = useRooms();
  const online = useConnection().state === "online";
  const isFresh = useRef(false);
  useServerPreferences();

  useEffect(() => {
    // Without a network the page goes on with what this browser remembers of the person.
    // Once a page: thousands that come back after an outage need not ask who they are.
    if (!online || isFresh.current) return;
    isFresh.current = true;
    session.refreshUser().catch(() => {
      isFresh.current = false;
    });
  }, [session, online]);

  useEffect(() => {
    document.title = unreadTotal > 0 ? `(${unreadTotal}) ${t("app.name")}` : t("app.name");
    return () => {
      document.title = t("app.name");
    };
  }, [unreadTotal, t]);

  // A phone shows one thing at a time: inside a room or an invoice the way out is its own back button.
  const inDetail = /^\/(chat|invoices)\/\d+/.test(location);
  return (
    <div className="flex h-full flex-col">
      <a
        href="#content"
        className="sr-only z-50 rounded-lg bg-accent px-4 py-2 text-on-accent focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        {t("nav.skip")}
      </a>
      <ConnectionBar />
      <div className="flex min-h-0 flex-1 flex-col-reverse md:flex-row">
        <nav
          aria-label={t("nav.label")}
          className={classes(
            "flex shrink-0 items-center justify-around gap-1 border-t border-line bg-surface px-2 pb-[env(safe-area-inset-bottom)]",
            "md:w-19 md:flex-col md:justify-start md:border-t-0 md:border-r md:bg-paper md:px-0 md:py-4",
            inDetail && "max-md:hidden",
          )}
        >
          <Link href="/chat" aria-label={t("app.name")} className="mb-4 hidden rounded-xl md:block">
            <Mark size={38} />
          </Link>
          <NavLink href="/chat" label={t("nav.chats")} current={location.startsWith("/chat")}>
            <ChatIcon size={22} />
            <Badge
              count={unreadTotal}
              label={t("chat.unread", { count: unreadTotal })}
              testId="unread-total"
              className="absolute -top-2 left-[calc(50%+6px)] ring-2 ring-surface md:ring-paper"
            />
          </NavLink>
          {seesInvoices(user?.role) && (
            <NavLink href="/invoices" label={t("nav.invoices")} current={location.startsWith("/invoices")}>
              <InvoiceIcon size={22} />
            </NavLink>
          )}
          <Bell />
          <NavLink href="/settings" label={t("nav.settings")} current={location === "/settings"}>
            <SettingsIcon size={22} />
          </NavLink>
          {user && (
            <div
              className="mt-auto hidden md:block"
              title={`${user.display_name} · ${roleText(t, user.role)}`}
            >
              <Avatar name={user.display_name} size={38} />
              <span className="sr-only">{t("nav.signedInAs", { name: user.display_name })}</span>
            </div>
          )}
        </nav>
        <main id="content" tabIndex={-1} className="min-h-0 min-w-0 flex-1 bg-paper outline-none">
          {children}
        </main>
      </div>
      <Suspense>
        <LiveToasts />
      </Suspense>
    </div>
  );
}

interface NavLinkProps {
  href: string;
  label: string;
  current: boolean;
  children: ReactNode;
}

function NavLink({ href, label, current, children }: NavLinkProps) {
  return (
    <Link href={href} aria-current={current ? "page" : undefined} className={navItem(current)}>
      <span className="relative grid h-6 w-full place-items-center">{children}</span>
      <span className="text-[0.6875rem] leading-none font-medium">{label}</span>
    </Link>
  );
}
