import { useConnection } from "@vestnik/client/react";
import { Link } from "wouter";
import { useText } from "../../i18n/useText";
import { Button } from "../../ui/Button";
import { classes } from "../../ui/classes";
import { useNow } from "../../ui/useNow";
import { noticeFor } from "./notice";
import { useDiagnosis } from "./useDiagnosis";

/** One thin bar for the whole app; the page below it stays usable. */
export function ConnectionBar() {
  const { t, locale } = useText();
  const connection = useConnection();
  // Quiet while all is well: the clock ticks only for an outage and for what is said after a long one.
  const now = useNow(500, connection.state !== "online" || connection.lastOutageMs !== null);
  const notice = noticeFor(connection, now);
  const diagnosis = useDiagnosis(notice.kind === "trouble", connection, locale);

  return (
    <div role="status" data-testid="connection-bar" data-state={connection.state} data-notice={notice.kind}>
      {notice.kind === "back-online" && (
        <div className="flex min-h-9 items-center gap-2.5 bg-success-soft px-4 py-1 text-sm">
          <Dot className="bg-success" />
          {t("connection.backOnline", { count: notice.caughtUp })}
        </div>
      )}
      {notice.kind === "trouble" && (
        <div className="flex flex-wrap items-center gap-x-3 gap-y-0.5 bg-brass-soft px-4 py-1 text-sm">
          <span className="flex min-h-7 items-center gap-2.5 font-medium">
            <Dot className="animate-breathe bg-brass" />
            {diagnosis.title}
          </span>
          <span className="text-ink-soft max-sm:hidden">{diagnosis.remedy}</span>
          <span className="ml-auto flex items-center gap-1">
            {notice.secondsLeft !== null && (
              <span
                aria-hidden="true"
                className="tabular mr-1 text-ink-soft"
                data-testid="connection-countdown"
              >
                {t("connection.retryIn", { seconds: notice.secondsLeft })}
              </span>
            )}
            <Link
              href={`/help/connection#${diagnosis.reason}`}
              className="inline-flex min-h-8 items-center rounded-lg px-2 underline underline-offset-4 hover:text-accent"
            >
              {t("connection.help")}
            </Link>
            {notice.canRetry && (
              <Button small look="outline" className="border-brass" onClick={connection.retryNow}>
                {t("connection.retryNow")}
              </Button>
            )}
          </span>
        </div>
      )}
    </div>
  );
}

function Dot({ className }: { className: string }) {
  return <span aria-hidden="true" className={classes("size-2 shrink-0 rounded-full", className)} />;
}
