/** `@vestnik/client`: chat, notifications and payment statuses over one WebSocket that loses nothing. */

import type { Realtime } from "./core/interfaces.ts";
import type {
  Clock,
  InvoicesSnapshot,
  Logger,
  NotificationsSnapshot,
  ReadableStore,
  RoomSnapshot,
  RoomsSnapshot,
  SendOptions,
  TokenStorage,
  Unsubscribe,
} from "./core/types.ts";
import type { Invoice, InvoiceStatus, Message, Notification, Payment, Reaction, Room, UserRef } from "./payloads.ts";

export type * from "./core/interfaces.ts";
export type * from "./core/types.ts";
export type * from "./payloads.ts";

export declare function getWebSocketBaseUrl(): string;

export interface RealtimeOptions {
  url?: string;
  /** Where REST lives; the page's own origin by default. */
  apiBase?: string;
  tokenStorage?: TokenStorage;
  fetch?: typeof globalThis.fetch;
  WebSocket?: unknown;
  clock?: Clock;
  logger?: Logger;
  /** A `BroadcastChannel` name shared by the tabs of one site; "" switches tabs off. */
  tabs?: string;
}
export declare function createRealtime(options?: RealtimeOptions): Realtime;
/** The realtime of the singletons, made at first use. */
export declare function getDefaultRealtime(): Realtime;
/** Options of the default realtime; to be called before its first use. */
export declare function configureRealtime(options: RealtimeOptions): void;

export interface RoomStore extends ReadableStore<RoomSnapshot> {
  readonly roomId: number;
  /** Keeps the room loaded and subscribed until the returned function is called. */
  open(): Unsubscribe;
  loadOlder(): Promise<void>;
  refetch(): Promise<void>;
}
export interface RoomsStore extends ReadableStore<RoomsSnapshot> {
  open(): Unsubscribe;
  refetch(): Promise<void>;
  /** Puts a room that POST `/api/chat/rooms/` returned into the list. */
  add(room: Room): void;
}
export interface NotificationsStore extends ReadableStore<NotificationsSnapshot> {
  open(): Unsubscribe;
  refetch(): Promise<void>;
  loadMore(): Promise<void>;
  markRead(ids: readonly number[]): Promise<void>;
  markAllRead(): Promise<void>;
  /** Everything shown was seen: the bell's number goes to zero. */
  markSeen(): Promise<void>;
  archive(ids: readonly number[]): Promise<void>;
}
export interface InvoicesStore extends ReadableStore<InvoicesSnapshot> {
  open(): Unsubscribe;
  refetch(): Promise<void>;
  loadMore(): Promise<void>;
  /** Puts an invoice that a REST call returned into the list. */
  put(invoice: Invoice): void;
}

export declare class ChatWebSocketService {
  constructor(realtime: () => Realtime);
  connectToRoom(roomId: number): RoomStore;
  disconnectFromRoom(roomId?: number): void;
  /** Puts a message into the outbox; resolves with its `client_id` as soon as it is kept there. */
  sendMessage(roomId: number, text: string, options?: SendOptions): Promise<string>;
  sendMessage(message: { roomId: number; text: string } & SendOptions): Promise<string>;
  sendTyping(roomId: number, typing?: boolean): void;
  markRead(roomId: number, seq: number): void;
  editMessage(messageId: number, text: string): Promise<void>;
  deleteMessage(messageId: number): Promise<void>;
  react(messageId: number, emoji: string, on?: boolean): Promise<void>;
  room(roomId: number): RoomStore;
  rooms(): RoomsStore;
  onMessage(listener: (message: Message) => void): Unsubscribe;
  onMessageEdited(listener: (message: Message) => void): Unsubscribe;
  onMessageDeleted(listener: (deleted: { roomId: number; id: number; seq: number }) => void): Unsubscribe;
  onReaction(listener: (change: { roomId: number; messageId: number; reactions: readonly Reaction[] }) => void): Unsubscribe;
  onTyping(listener: (typing: { roomId: number; userId: number; typing: boolean }) => void): Unsubscribe;
  onRead(listener: (read: { roomId: number; userId: number; seq: number }) => void): Unsubscribe;
  onMember(listener: (change: { roomId: number; userId: number; user: UserRef | null; joined: boolean }) => void): Unsubscribe;
  onRoomAdded(listener: (room: Room) => void): Unsubscribe;
  onRoomRemoved(listener: (roomId: number) => void): Unsubscribe;
  onRoomUpdated(listener: (room: Partial<Room> & { id: number }) => void): Unsubscribe;
  onError(listener: (problem: { roomId: number | null; code: number; reason: string }) => void): Unsubscribe;
}

export interface NotificationHandlers {
  onNotification?(notification: Notification): void;
  onChanged?(notification: Notification): void;
  onReadAll?(upTo: number): void;
  onConnected?(): void;
  onDisconnected?(reason: { code: number; reason: string }): void;
  onError?(problem: { code: number; reason: string }): void;
}
export declare class NotificationWebSocketService {
  constructor(realtime: () => Realtime);
  connect(handlers?: NotificationHandlers): Unsubscribe;
  disconnect(): void;
  store(): NotificationsStore;
}

export interface InvoiceHandlers {
  onCreated?(invoice: Invoice): void;
  onChanged?(change: { invoice: Invoice; oldStatus: InvoiceStatus; newStatus: InvoiceStatus }): void;
  onPaid?(paid: { invoice: Invoice; payment: Payment }): void;
  onPayment?(payment: Payment): void;
  onConnected?(): void;
  onDisconnected?(reason: { code: number; reason: string }): void;
  onError?(problem: { code: number; reason: string }): void;
}
export declare class InvoiceWebSocketService {
  constructor(realtime: () => Realtime);
  connect(handlers?: InvoiceHandlers): Unsubscribe;
  disconnect(): void;
  store(): InvoicesStore;
}

export declare const chatWebSocketService: ChatWebSocketService;
export declare const notificationWebSocketService: NotificationWebSocketService;
export declare const invoiceWebSocketService: InvoiceWebSocketService;

export type DiagnosisReason =
  | "ok"
  | "device-offline"
  | "signed-out-missing"
  | "signed-out-expired"
  | "signed-out-revoked"
  | "token-malformed"
  | "url-malformed"
  | "insecure-url-on-secure-page"
  | "url-path-missing-ws"
  | "url-bypasses-proxy"
  | "page-server-down"
  | "backend-down"
  | "backend-unhealthy"
  | "proxy-does-not-upgrade"
  | "origin-refused"
  | "server-draining"
  | "rate-limited"
  | "refused"
  | "network"
  | "unknown";
export interface DiagnosisText {
  readonly title: string;
  readonly explanation: string;
  readonly remedy: string;
  /** Anchor in the documentation page "connection-lost". */
  readonly docs: string;
}
export interface Diagnosis extends DiagnosisText {
  readonly reason: DiagnosisReason;
  /** What was tried and what came back, for the details fold; no secrets. */
  readonly details: readonly { readonly probe: string; readonly outcome: string; readonly ok: boolean }[];
}
export declare function diagnose(options?: { realtime?: Realtime; language?: "ru" | "en" }): Promise<Diagnosis>;
export declare function diagnosisText(reason: DiagnosisReason, language: "ru" | "en"): DiagnosisText;

/** A command over the socket that failed: `code` of the protocol (below 100: the library's own: 1 timeout, 2 and 11 connection lost). */
export declare class RealtimeError extends Error {
  readonly code: number;
  /** Trying again may help. */
  readonly temporary: boolean;
}
/** A REST call that failed: `status` 0 means no answer came. */
export declare class RequestError extends Error {
  readonly status: number;
  /** The slug of the server's error body, e.g. `room_not_found`; "network" or "timeout" where no answer came. */
  readonly code: string;
  readonly fields: Readonly<Record<string, string>>;
}
