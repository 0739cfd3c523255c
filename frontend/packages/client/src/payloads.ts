/** What the server says: the JSON of REST answers, rpc results and publications. Unknown extra fields are allowed everywhere. */

import type {
  Counts,
  HistoryEntry,
  Invoice,
  InvoiceChanged,
  InvoiceCreated,
  InvoicePaid,
  Member,
  MemberJoined,
  MemberLeft,
  Message,
  MessageCreated,
  MessageDeleted,
  MessageEdited,
  Notification,
  NotificationChanged,
  NotificationCreated,
  NotificationPreferencesChanged,
  NotificationsArchivedAll,
  NotificationsReadAll,
  NotificationsSeenAll,
  PaymentChanged,
  Person,
  Position,
  PreferencesChanged,
  Reaction,
  ReactionChanged,
  ReadMoved,
  Room,
  RoomAdded,
  RoomRemoved,
  RoomUpdated,
  SignedOut,
  Typing,
} from "./generated/events.ts";

export type {
  Attachment,
  DisplayStatus,
  Invoice,
  InvoiceStatus,
  Message,
  Notification,
  Payment,
  PaymentStatus,
  Position,
  PreferenceRow,
  Preferences,
  Reaction,
  RefundPart,
  RefundStatus,
  Room,
  RoomFacts,
  Sender,
} from "./generated/events.ts";

export type Role = Person["role"];

/** Somebody, as far as the place tells: a message's sender comes without a role. */
export interface UserRef {
  readonly id: number;
  readonly display_name: string;
  readonly role?: Role;
}

/** The signed-in person, from `/api/auth/me/`. */
export interface Me extends Person {
  readonly username: string;
  readonly language: "ru" | "en";
  readonly theme: "system" | "light" | "dark";
}

export type RoomMember = Member;
export type RoomKind = Room["kind"];
export type NotificationCounts = Counts;
export type InvoiceHistoryEntry = HistoryEntry;

/** A list of REST: one page and the cursor of the next one. */
export interface Page<T> {
  readonly results: readonly T[];
  readonly next: string | null;
}

/** A page of a room's history: ascending by `seq`; `position` was read before the messages. */
export interface HistoryPage extends Page<Message> {
  readonly position: Position;
}

/** A page of the feed, the latest first; `position` was read before the notifications. */
export interface NotificationPage extends Page<Notification>, NotificationCounts {
  readonly channel: string;
  readonly position: Position;
}

/** A page of the invoices that the user may see, the newest first; `position` was read before them. */
export interface InvoicePage extends Page<Invoice> {
  readonly channel: string;
  readonly position: Position;
}

/** What arrives on `chat:<room_id>`. */
export type ChatEvent =
  | MessageCreated
  | MessageEdited
  | MessageDeleted
  | ReactionChanged
  | ReadMoved
  | MemberJoined
  | MemberLeft
  | RoomUpdated;

/** What arrives on `typing:<room_id>`; not logged. */
export type TypingEvent = Typing;

/** What arrives on `user:#<user_id>`. */
export type UserEvent = RoomAdded | RoomRemoved | RoomUpdated | PreferencesChanged | SignedOut;

/** What arrives on `notifications:#<user_id>`; `counts` are those after the event. */
export type NotificationEvent =
  | NotificationCreated
  | NotificationChanged
  | NotificationsReadAll
  | NotificationsSeenAll
  | NotificationsArchivedAll
  | NotificationPreferencesChanged;

/** What arrives on `invoices:#<user_id>`. */
export type InvoiceEvent = InvoiceCreated | InvoiceChanged | InvoicePaid | PaymentChanged;

/** Every rpc: its parameters and its result. */
export interface Procedures {
  "chat.send": {
    params: {
      room: number;
      client_id: string;
      text: string;
      reply_to?: number;
      attachment_ids?: readonly number[];
    };
    result: { message: Message };
  };
  "chat.edit": { params: { id: number; text: string }; result: { message: Message } };
  "chat.delete": { params: { id: number }; result: { message: Message } };
  "chat.react": {
    params: { id: number; emoji: string; on: boolean };
    result: { message_id: number; reactions: readonly Reaction[] };
  };
  "chat.read": { params: { room: number; seq: number }; result: { seq: number } };
  "chat.typing": { params: { room: number; typing: boolean }; result: Record<string, never> };
  "notifications.read": {
    params: { ids: readonly number[] } | { up_to: number };
    result: NotificationCounts;
  };
  "notifications.seen": {
    params: { ids: readonly number[] } | { up_to: number };
    result: NotificationCounts;
  };
  "notifications.archive": {
    params: { ids: readonly number[] } | { up_to: number };
    result: NotificationCounts;
  };
  "invoices.view": { params: { id: number }; result: { invoice: Invoice } };
  ping: { params: Record<string, never>; result: { at: string } };
}
