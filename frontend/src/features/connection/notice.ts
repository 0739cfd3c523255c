/** What the connection bar says, as a function of the connection and the time. */
import type { ConnectionSnapshot } from "@vestnik/client";

const QUIET_MS = 2_000; // most interruptions are over before a person could read about them
const COUNTDOWN_FROM_MS = 5_000; // a shorter wait is over before the number helps
const WORTH_SAYING_MS = 10_000; // after a shorter outage "back online" is noise
const BACK_ONLINE_MS = 5_000; // long enough to be read

export type Notice =
  | { readonly kind: "none" }
  | { readonly kind: "trouble"; readonly secondsLeft: number | null; readonly canRetry: boolean }
  | { readonly kind: "back-online"; readonly caughtUp: number };

const NONE: Notice = { kind: "none" };

/**
 * Nothing for the first two seconds of an outage, then the trouble until it is over, then for a moment that it is over,
 * if it took longer than ten seconds. Signed out is not trouble: the sign-in page says it.
 */
export function noticeFor(connection: ConnectionSnapshot, now: number): Notice {
  if (connection.state === "signed-out") return NONE;
  if (connection.state === "online") {
    const wasLong = (connection.lastOutageMs ?? 0) > WORTH_SAYING_MS;
    return wasLong && now - connection.since < BACK_ONLINE_MS
      ? { kind: "back-online", caughtUp: connection.caughtUp }
      : NONE;
  }
  if (now - (connection.lostAt ?? connection.since) < QUIET_MS) return NONE;
  return {
    kind: "trouble",
    secondsLeft: secondsLeft(connection, now),
    canRetry: connection.reason?.kind !== "closed-by-page",
  };
}

function secondsLeft({ retryAt, retryInMs }: ConnectionSnapshot, now: number): number | null {
  if (retryAt === null || (retryInMs ?? 0) < COUNTDOWN_FROM_MS) return null;
  return Math.max(0, Math.ceil((retryAt - now) / 1000));
}
