/** The words of the package: connection states, what stores show, what services accept. */

import type { Invoice, Me, Message, Notification, Procedures, Room, RoomMember } from "../payloads.ts";

/** Stops what it was returned for; calling it again does nothing. */
export type Unsubscribe = () => void;

/** Anything that `useSyncExternalStore` can read: a snapshot that is the same object until something changed. */
export interface ReadableStore<T> {
  subscribe(listener: () => void): Unsubscribe;
  getSnapshot(): T;
}

export interface Logger {
  debug(message: string, ...data: unknown[]): void;
  info(message: string, ...data: unknown[]): void;
  warn(message: string, ...data: unknown[]): void;
  error(message: string, ...data: unknown[]): void;
}

/** Time as an argument, so that tests turn it. Times are milliseconds since 1970. */
export interface Clock {
  now(): number;
  setTimeout(callback: () => void, delayMs: number): unknown;
  clearTimeout(timer: unknown): void;
}

export type ConnectionState =
  /** Connected and signed in. */
  | "online"
  /** The first connection is being made; nothing was lost yet. */
  | "connecting"
  /** The connection was lost and comes back by itself; see `retryAt`. */
  | "reconnecting"
  /** The device has no network, or the server said "do not come back" (`reason.code` 3500 and above). */
  | "offline"
  /** Nobody is signed in, or no longer; `reason.kind` says which. Nothing was thrown away. */
  | "signed-out";

/** Why the state is what it is; every one has a text in `diagnosisText`. */
export type ReasonKind =
  | "signed-out-missing"
  | "signed-out-expired"
  | "signed-out-revoked"
  | "closed-by-page"
  | "device-offline"
  | "network"
  | "no-ping"
  | "server-draining"
  | "server-error"
  | "server-unavailable"
  | "rate-limited"
  | "too-slow"
  | "resync"
  | "token-expired"
  | "refused"
  | "wrong-url";

export interface ConnectionReason {
  readonly kind: ReasonKind;
  /** Disconnect or error code of the protocol, HTTP status, or null. */
  readonly code: number | null;
  /** In the server's or the library's words; for logs and details, not for people. */
  readonly message: string;
}

export interface ConnectionSnapshot {
  readonly state: ConnectionState;
  readonly reason: ConnectionReason | null;
  /** When the next attempt starts, ms since 1970; null while one is running or none is planned. */
  readonly retryAt: number | null;
  /** `retryAt` as it was when this snapshot was made; a countdown is computed from `retryAt`. */
  readonly retryInMs: number | null;
  /** How many attempts failed since the connection was lost. */
  readonly attempt: number;
  /** When this state began. */
  readonly since: number;
  /** When the connection was lost; null while online or never connected. */
  readonly lostAt: number | null;
  /** How long the last outage took; null before the first one. "Back online" is worth saying above 10 s. */
  readonly lastOutageMs: number | null;
  /** Publications that were caught up with when the connection last came back. */
  readonly caughtUp: number;
}

/** Who is signed in, as far as this browser knows; works without a network. */
export interface SessionSnapshot {
  readonly signedIn: boolean;
  readonly userId: number | null;
  /** Loaded from `/api/auth/me/` or given by sign-in; null until then. */
  readonly user: Me | null;
}

export interface TokenStorage {
  get(): string | null;
  set(token: string): void;
  clear(): void;
}

/** A message that is not on the server yet. */
export interface PendingMessage {
  readonly clientId: string;
  readonly userId: number;
  readonly roomId: number;
  readonly text: string;
  readonly replyTo: number | null;
  readonly attachmentIds: readonly number[];
  /** ms since 1970, by this device. */
  readonly createdAt: number;
  /** `queued`: waits for its turn or the network; `failed`: the server refused it for good, a person decides. */
  readonly state: "queued" | "sending" | "failed";
  readonly attempts: number;
  readonly error: { readonly code: number; readonly message: string } | null;
}

export type LoadStatus = "idle" | "loading" | "ready" | "failed";

export interface FailureInfo {
  /** HTTP status, error code of the protocol, or 0 for "no answer". */
  readonly code: number;
  readonly message: string;
}

export interface RoomSnapshot {
  readonly roomId: number;
  readonly status: LoadStatus;
  /** `gone`: removed from the room, or it is not there (the server does not say which). */
  readonly gone: boolean;
  readonly error: FailureInfo | null;
  /** Stored messages, ascending by `seq`, no gaps. */
  readonly messages: readonly Message[];
  /** This user's messages for this room which are not on the server yet, in the order they were written. */
  readonly pending: readonly PendingMessage[];
  readonly hasOlder: boolean;
  readonly loadingOlder: boolean;
  /** Of the rooms list, once that is known. */
  readonly room: Room | null;
  readonly members: readonly RoomMember[];
  /** Read pointer of each member: user id → seq. */
  readonly read: Readonly<Record<number, number>>;
  /** My own read pointer. */
  readonly lastReadSeq: number;
  /** Highest seq of the room that is known. */
  readonly lastSeq: number;
  readonly unread: number;
  /** Ids of the others who are typing now; an id leaves after 5 s of silence. */
  readonly typing: readonly number[];
  /** User ids present in the room, as far as the server tells. */
  readonly present: readonly number[];
  /** Whether events of the room arrive at this moment. */
  readonly live: boolean;
}

export interface RoomsSnapshot {
  readonly status: LoadStatus;
  readonly error: FailureInfo | null;
  /** Latest activity first. */
  readonly rooms: readonly Room[];
  readonly unreadTotal: number;
}

export interface NotificationsSnapshot {
  readonly status: LoadStatus;
  readonly error: FailureInfo | null;
  /** Newest first, archived ones left out. */
  readonly notifications: readonly Notification[];
  readonly unread: number;
  readonly unseen: number;
  readonly hasMore: boolean;
  readonly loadingMore: boolean;
}

export interface InvoicesSnapshot {
  readonly status: LoadStatus;
  readonly error: FailureInfo | null;
  /** Newest first. */
  readonly invoices: readonly Invoice[];
  readonly hasMore: boolean;
  readonly loadingMore: boolean;
}

export interface SendOptions {
  replyTo?: number | null;
  attachmentIds?: readonly number[];
}

export type Method = keyof Procedures;
