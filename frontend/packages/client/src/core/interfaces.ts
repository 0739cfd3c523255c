/** What a `Realtime` and its parts offer to stores, services and hooks. */

import type { Me, Procedures } from "../payloads.ts";
import type { ConnectionSnapshot, Logger, PendingMessage, ReadableStore, SessionSnapshot } from "./types.ts";

/** REST of the same site, signed with the stored token. Rejects with `RequestError`. */
export interface RestApi {
  get<T>(path: string, query?: Readonly<Record<string, string | number | undefined>>): Promise<T>;
  post<T>(path: string, body?: unknown): Promise<T>;
  put<T>(path: string, body?: unknown): Promise<T>;
  patch<T>(path: string, body?: unknown): Promise<T>;
  delete<T>(path: string): Promise<T>;
  /** Multipart, with progress from 0 to 1. */
  upload<T>(path: string, form: FormData, onProgress?: (fraction: number) => void): Promise<T>;
}

/** Who is signed in; in step with the other tabs. */
export interface Session extends ReadableStore<SessionSnapshot> {
  /** POST `/api/auth/login/`, keeps the token, connects. Rejects with `RequestError` (401 wrong, 429 throttled). */
  signIn(username: string, password: string): Promise<Me>;
  /** Takes a token that somebody else obtained, and connects. */
  adopt(token: string, user?: Me): void;
  /** Tells the server (as far as it can be reached), forgets the token, disconnects. Drafts and outbox stay. */
  signOut(options?: { everywhere?: boolean }): Promise<void>;
  /** Loads `/api/auth/me/` if the user is not known yet. */
  loadUser(): Promise<Me>;
  /** Loads `/api/auth/me/` anew: what this browser remembers may have changed on another device meanwhile. */
  refreshUser(): Promise<Me>;
}

/** Messages that were written and are not on the server yet: durable, in order per room, each sent once. */
export interface OutboxView extends ReadableStore<readonly PendingMessage[]> {
  /** False where IndexedDB is not available: then a reload loses what was not sent. */
  readonly durable: boolean;
  /** Tries a failed message again. */
  retry(clientId: string): Promise<void>;
  /** Changes the text of a message that is not being sent, and tries it again if it had failed. */
  edit(clientId: string, text: string): Promise<void>;
  /** Throws a message away that is not being sent. */
  discard(clientId: string): Promise<void>;
}

export interface Realtime extends ReadableStore<ConnectionSnapshot> {
  readonly url: string;
  readonly session: Session;
  readonly api: RestApi;
  readonly outbox: OutboxView;
  readonly logger: Logger;
  /** Starts connecting and keeps at it for ever; does nothing without a token (state "signed-out"). Idempotent. */
  connect(): void;
  /** Closes the connection until `connect()`. */
  disconnect(): void;
  /** Tries at once instead of waiting for the next attempt. */
  retryNow(): void;
  /** Calls the server; waits for the connection up to the timeout. Rejects with `RealtimeError`. */
  rpc<M extends keyof Procedures>(
    method: M,
    params: Procedures[M]["params"],
  ): Promise<Procedures[M]["result"]>;
  rpc<R = unknown>(method: string, params: unknown): Promise<R>;
  /** Closes everything: connection, channels, listeners. The instance cannot be used afterwards. */
  dispose(): void;
}
