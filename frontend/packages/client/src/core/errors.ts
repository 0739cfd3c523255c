/** Errors that callers can tell apart by data: a command over the socket, a REST call, a mistake of the caller. */

import { ErrorCode } from "../generated/codes.ts";

/** The `centrifuge` library's own codes for "no answer came"; the outcome of such a command is unknown. */
const NO_ANSWER = new Set([1, 2, 3, 4, 10, 11]);

/** Codes of the protocol that may heal by themselves. */
const MAY_HEAL: ReadonlySet<number> = new Set([
  ErrorCode.Internal,
  ErrorCode.TokenExpired,
  ErrorCode.Expired,
  ErrorCode.TooManyRequests,
]);

/**
 * A command over the socket that failed. `code` is the protocol's (100 and above), or the library's own below 100:
 * 1 timeout, 2 and 11 connection lost. `temporary`: the same command may succeed later.
 */
export class RealtimeError extends Error {
  readonly code: number;
  readonly temporary: boolean;

  constructor(code: number, message: string, temporary?: boolean) {
    super(message);
    this.name = "RealtimeError";
    this.code = code;
    this.temporary = temporary === true || NO_ANSWER.has(code) || MAY_HEAL.has(code);
  }

  /** From what the `centrifuge` library rejects with: a plain object `{code, message, temporary?}`. */
  static from(problem: unknown): RealtimeError {
    if (problem instanceof RealtimeError) return problem;
    const { code, message, temporary } = (problem ?? {}) as {
      code?: unknown;
      message?: unknown;
      temporary?: unknown;
    };
    return new RealtimeError(
      typeof code === "number" ? code : 100,
      String(message ?? problem),
      temporary === true,
    );
  }
}

/**
 * A REST call that failed. `status` is 0 where no answer came, and `code` is then "network" or "timeout"; otherwise `code`
 * is the slug of the server's error body (`room_not_found`) or `http_<status>` where the body was not ours.
 */
export class RequestError extends Error {
  readonly status: number;
  readonly code: string;
  readonly fields: Readonly<Record<string, string>>;
  /** Whether the answer was JSON in our shape; if not, something between the page and the backend spoke. */
  readonly ours: boolean;
  /** From the `Retry-After` header, or null. */
  readonly retryAfterMs: number | null;

  constructor(problem: {
    status: number;
    code: string;
    message: string;
    fields?: Readonly<Record<string, string>>;
    ours?: boolean;
    retryAfterMs?: number | null;
  }) {
    super(problem.message);
    this.name = "RequestError";
    this.status = problem.status;
    this.code = problem.code;
    this.fields = problem.fields ?? {};
    this.ours = problem.ours ?? false;
    this.retryAfterMs = problem.retryAfterMs ?? null;
  }

  /** No answer, the server is unwell or busy: the same call may succeed later. */
  get temporary(): boolean {
    return this.status === 0 || this.status >= 500 || this.status === 429 || this.status === 408;
  }
}

/** The caller passed something that cannot be sent; `field` says which argument. */
export class InvalidArgumentError extends Error {
  readonly field: string;

  constructor(field: string, message: string) {
    super(`${field}: ${message}`);
    this.name = "InvalidArgumentError";
    this.field = field;
  }
}
