import { i18n } from "@lingui/core";
import { I18nProvider } from "@lingui/react";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import type { Realtime } from "@vestnik/client";
import { RealtimeProvider, useSession } from "@vestnik/client/react";
import { lazy, StrictMode, Suspense, useEffect } from "react";
import { Redirect, Route, Switch } from "wouter";
import { SignInPage } from "../features/account/SignInPage";
import { useText } from "../i18n/useText";
import { Spinner } from "../ui/Spinner";
import { ErrorBoundary } from "./ErrorBoundary";
import { Shell } from "./Shell";

const ChatPage = lazy(() => import("../features/chat/ChatPage"));
const InvoicesPage = lazy(() => import("../features/invoices/InvoicesPage"));
const SettingsPage = lazy(() => import("../features/account/SettingsPage"));
const HelpPage = lazy(() => import("../features/connection/HelpPage"));
const DemoPage = import.meta.env.DEV ? lazy(() => import("../features/account/DemoPage")) : null;

const queries = new QueryClient({
  defaultOptions: { queries: { staleTime: 30_000, retry: 2, refetchOnWindowFocus: true } },
});

interface AppProps {
  realtime: Realtime;
  /** The person whom a view of the demo page plays; it signs in by itself. */
  demoIdentity: string | null;
}

export function App({ realtime, demoIdentity }: AppProps) {
  return (
    <StrictMode>
      <I18nProvider i18n={i18n}>
        <QueryClientProvider client={queries}>
          <RealtimeProvider realtime={realtime}>
            <ErrorBoundary>
              <Pages demoIdentity={demoIdentity} />
            </ErrorBoundary>
          </RealtimeProvider>
        </QueryClientProvider>
      </I18nProvider>
    </StrictMode>
  );
}

function Pages({ demoIdentity }: { demoIdentity: string | null }) {
  const { t } = useText();
  return (
    <Suspense fallback={<Spinner label={t("common.loading")} />}>
      <Switch>
        {DemoPage && (
          <Route path="/demo">
            <DemoPage />
          </Route>
        )}
        <Route path="/help/connection">
          <HelpPage />
        </Route>
        <Route>
          <SignedIn demoIdentity={demoIdentity} />
        </Route>
      </Switch>
    </Suspense>
  );
}

function SignedIn({ demoIdentity }: { demoIdentity: string | null }) {
  const { t } = useText();
  const { signedIn, userId } = useSession();

  useEffect(() => {
    // Another person's lists must not show through after a change of accounts.
    if (!signedIn) queries.clear();
  }, [signedIn]);

  if (!signedIn) return <SignInPage signInAs={demoIdentity} />;
  return (
    <Shell key={userId}>
      <Suspense fallback={<Spinner label={t("common.loading")} />}>
        <Switch>
          <Route path="/chat/:roomId?">{({ roomId }) => <ChatPage roomId={numberOf(roomId)} />}</Route>
          <Route path="/invoices/:invoiceId?">
            {({ invoiceId }) => <InvoicesPage invoiceId={numberOf(invoiceId)} />}
          </Route>
          <Route path="/settings">
            <SettingsPage />
          </Route>
          <Route>
            <Redirect to="/chat" replace />
          </Route>
        </Switch>
      </Suspense>
    </Shell>
  );
}

function numberOf(text: string | undefined): number | null {
  return text && /^\d{1,15}$/.test(text) ? Number(text) : null;
}
