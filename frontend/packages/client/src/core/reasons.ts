/** Numbers of the protocol turned into reasons that have a text for people. */

import { RealtimeError, RequestError } from "./errors.ts";
import type { Rejection } from "./session.ts";
import type { ConnectionReason, ReasonKind } from "./types.ts";

/** Disconnect codes of the server that say more than "the connection was lost". */
const DISCONNECT_KINDS: Readonly<Record<number, ReasonKind>> = {
  3001: "server-draining",
  3004: "server-error",
  3005: "token-expired",
  3006: "token-expired",
  3008: "too-slow",
  3010: "resync",
  3011: "server-draining",
  3012: "no-ping",
  3013: "rate-limited",
};

/** The library's own codes of a lost connection. */
const LOST_KINDS: Readonly<Record<number, ReasonKind>> = { 0: "closed-by-page", 2: "no-ping" };

const ERROR_KINDS: Readonly<Record<number, ReasonKind>> = {
  100: "server-error",
  109: "token-expired",
  111: "rate-limited",
};

/** Whether a server that closes with `code` does not want this client back: 3500–3999 and 4500–4999. */
export function isTerminal(code: number): boolean {
  return (code >= 3500 && code < 4000) || (code >= 4500 && code < 5000);
}

/** Why a connection that was up is not any more. */
export function reasonOfLoss(code: number, message: string): ConnectionReason {
  const kind = DISCONNECT_KINDS[code] ?? LOST_KINDS[code] ?? (isTerminal(code) ? "refused" : "network");
  return { kind, code, message };
}

/** Why an attempt to connect failed, from the error of a connect command. */
export function reasonOfConnectError(code: number, message: string): ConnectionReason {
  return { kind: ERROR_KINDS[code] ?? "network", code, message };
}

/** Why no connection token could be had. */
export function reasonOfTokenError(error: unknown): ConnectionReason {
  if (!(error instanceof RequestError)) return { kind: "network", code: null, message: String(error) };
  const { status, message } = error;
  if (status === 429) return { kind: "rate-limited", code: status, message };
  if (status >= 500)
    return { kind: error.ours ? "server-error" : "server-unavailable", code: status, message };
  if (error.code === "not_json") return { kind: "wrong-url", code: null, message };
  return { kind: status === 0 ? "network" : "server-error", code: status === 0 ? null : status, message };
}

export function reasonOfRejection(rejection: Rejection): ConnectionReason {
  return { kind: `signed-out-${rejection}`, code: null, message: `sign-in is ${rejection}` };
}

/** What a failed load shows. */
export function failureOf(error: unknown): { code: number; message: string; temporary: boolean } {
  if (error instanceof RequestError)
    return { code: error.status, message: error.message, temporary: error.temporary };
  if (error instanceof RealtimeError)
    return { code: error.code, message: error.message, temporary: error.temporary };
  return { code: 0, message: String(error), temporary: false };
}
