import {
  type ConnectionSnapshot,
  type DiagnosisReason,
  type DiagnosisText,
  diagnosisText,
  type ReasonKind,
} from "@vestnik/client";
import { useConnection } from "@vestnik/client/react";
import { useEffect, useRef, useState } from "react";
import type { Locale } from "../../i18n/locale";

/** What the socket says by itself, until the probes have found out more. */
const FIRST_GUESS: Record<ReasonKind, DiagnosisReason> = {
  "signed-out-missing": "signed-out-missing",
  "signed-out-expired": "signed-out-expired",
  "signed-out-revoked": "signed-out-revoked",
  "closed-by-page": "unknown",
  "device-offline": "device-offline",
  network: "network",
  "no-ping": "network",
  "server-draining": "server-draining",
  "server-error": "backend-unhealthy",
  "server-unavailable": "backend-down",
  "rate-limited": "rate-limited",
  "too-slow": "network",
  resync: "network",
  "token-expired": "signed-out-expired",
  refused: "refused",
  "wrong-url": "url-malformed",
};

/**
 * The reason of an outage in words: at once from what the socket said, then from `diagnose()`, which asks again after
 * every failed attempt.
 */
export function useDiagnosis(
  wanted: boolean,
  connection: ConnectionSnapshot,
  language: Locale,
): DiagnosisText & { reason: DiagnosisReason } {
  const { diagnose } = useConnection();
  const [found, setFound] = useState<DiagnosisReason | null>(null);
  const latest = useRef(diagnose);
  latest.current = diagnose;
  const { attempt } = connection;

  // biome-ignore lint/correctness/useExhaustiveDependencies: a failed attempt is the reason to ask again
  useEffect(() => {
    if (!wanted) {
      setFound(null);
      return;
    }
    let current = true;
    latest.current().then(
      ({ reason }) => {
        // "ok" means that the way is free by now: the next attempt will tell, so the earlier words stay.
        if (current && reason !== "ok" && reason !== "unknown") setFound(reason);
      },
      () => undefined,
    );
    return () => {
      current = false;
    };
  }, [wanted, attempt]);

  const reason = found ?? FIRST_GUESS[connection.reason?.kind ?? "network"];
  return { reason, ...diagnosisText(reason, language) };
}
