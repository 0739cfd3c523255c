import { type Diagnosis, type DiagnosisReason, diagnosisText } from "@vestnik/client";
import { useConnection } from "@vestnik/client/react";
import { useEffect, useState } from "react";
import { Link } from "wouter";
import { useText } from "../../i18n/useText";
import { Button } from "../../ui/Button";
import { BackIcon, CheckIcon, CloseIcon } from "../../ui/icons";

/** In the order in which a person would look: this device, the sign-in, the address, the servers. */
const REASONS: readonly DiagnosisReason[] = [
  "device-offline",
  "signed-out-missing",
  "signed-out-expired",
  "signed-out-revoked",
  "token-malformed",
  "backend-down",
  "page-server-down",
  "backend-unhealthy",
  "server-draining",
  "proxy-does-not-upgrade",
  "url-path-missing-ws",
  "url-bypasses-proxy",
  "url-malformed",
  "insecure-url-on-secure-page",
  "origin-refused",
  "rate-limited",
  "refused",
  "network",
];

/** "Connection lost": every reason with its remedy, and a button that finds out which one it is. */
export default function HelpPage() {
  const { t, locale } = useText();
  const { diagnose } = useConnection();
  const [busy, setBusy] = useState(false);
  const [diagnosis, setDiagnosis] = useState<Diagnosis | null>(null);

  useEffect(() => {
    // The page is loaded lazily, so the browser looked for the anchor before it was there.
    const anchor = window.location.hash.slice(1);
    if (anchor) document.getElementById(anchor)?.scrollIntoView();
  }, []);

  const check = async () => {
    setBusy(true);
    try {
      setDiagnosis(await diagnose(locale));
    } finally {
      setBusy(false);
    }
  };

  return (
    <main className="h-full overflow-y-auto bg-paper">
      <div className="mx-auto max-w-2xl px-5 py-6 sm:py-10">
        <Link href="/chat" className="inline-flex min-h-11 items-center gap-1.5 text-ink-soft hover:text-ink">
          <BackIcon size={18} />
          {t("help.back")}
        </Link>
        <h1 className="mt-3 text-3xl font-bold tracking-tight">{t("help.title")}</h1>
        <p className="mt-3 text-ink-soft">{t("help.intro")}</p>

        <section className="mt-6 rounded-2xl border border-line bg-surface p-5" aria-live="polite">
          <Button look="primary" disabled={busy} onClick={() => void check()}>
            {busy ? t("help.checking") : t("help.check")}
          </Button>
          {diagnosis && (
            <div className="mt-4">
              <p className="font-semibold">{diagnosis.title}</p>
              <p className="mt-1 text-ink-soft">{diagnosis.explanation}</p>
              <p className="mt-1">{diagnosis.remedy}</p>
              <ul className="mt-4 flex flex-col gap-1 font-mono text-xs">
                {diagnosis.details.map(({ probe, outcome, ok }) => (
                  <li key={probe} className="flex items-start gap-2">
                    {ok ? (
                      <CheckIcon size={16} className="text-success" />
                    ) : (
                      <CloseIcon size={16} className="text-danger" />
                    )}
                    <span className="wrap-hard">
                      {probe}: {outcome}
                    </span>
                  </li>
                ))}
              </ul>
            </div>
          )}
        </section>

        <dl className="mt-8 flex flex-col">
          {REASONS.map((reason) => {
            const text = diagnosisText(reason, locale);
            return (
              <div
                key={reason}
                id={reason}
                className="scroll-mt-4 border-t border-line py-5 target:text-accent"
              >
                <dt className="font-semibold">{text.title}</dt>
                <dd className="mt-1 text-ink-soft">{text.explanation}</dd>
                <dd className="mt-1 text-ink">{text.remedy}</dd>
              </div>
            );
          })}
        </dl>
      </div>
    </main>
  );
}
