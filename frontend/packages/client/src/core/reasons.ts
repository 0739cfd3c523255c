/** Numbers of the protocol turned into reasons that have a text for people. */

import { DisconnectCode, ErrorCode } from "../generated/codes.ts";
import { RealtimeError, RequestError } from "./errors.ts";
import type { Rejection } from "./session.ts";
import type { ConnectionReason, ReasonKind } from "./types.ts";

/** Disconnect codes of the server that say more than "the connection was lost". */
const DISCONNECT_KINDS: Readonly<Record<number, ReasonKind>> = {
  [DisconnectCode.Shutdown]: "server-draining",
  [DisconnectCode.ServerError]: "server-error",
  [DisconnectCode.Expired]: "token-expired",
  [DisconnectCode.SubscriptionExpired]: "token-expired",
  [DisconnectCode.Slow]: "too-slow",
  [DisconnectCode.InsufficientState]: "resync",
  [DisconnectCode.ForceReconnect]: "server-draining",
  [DisconnectCode.NoPong]: "no-ping",
  [DisconnectCode.TooManyRequests]: "rate-limited",
};

/** The library's own codes of a lost connection. */
const LOST_KINDS: Readonly<Record<number, ReasonKind>> = { 0: "closed-by-page", 2: "no-ping" };

const ERROR_KINDS: Readonly<Record<number, ReasonKind>> = {
  [ErrorCode.Internal]: "server-error",
  [ErrorCode.TokenExpired]: "token-expired",
  [ErrorCode.TooManyRequests]: "rate-limited",
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
  // 502 to 504 come from a proxy whose backend is away, whoever wrote their body.
  const isAway = !error.ours || (status >= 502 && status <= 504);
  if (status >= 500) return { kind: isAway ? "server-unavailable" : "server-error", code: status, message };
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
