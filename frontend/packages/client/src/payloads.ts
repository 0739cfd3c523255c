/** What the server says: the JSON of REST answers, rpc results and publications. Unknown extra fields are allowed everywhere. */

/** Which publication of a channel's stream a snapshot reflects; `epoch` names the life of the stream. */
export interface Position {
  readonly epoch: string;
  readonly offset: number;
}

export type Role = "student" | "teacher" | "tutor" | "parent" | "admin";

/** A person as other people see them. */
export interface UserRef {
  readonly id: number;
  readonly display_name: string;
  readonly role?: Role | string;
  readonly username?: string;
}

/** The signed-in person, from `/api/auth/me/`. */
export interface Me extends UserRef {
  readonly username: string;
  readonly role: Role | string;
  readonly language: string;
  readonly theme?: string;
}

export interface Attachment {
  readonly id: number;
  readonly name: string;
  readonly size: number;
  readonly content_type: string;
  readonly url: string;
}

/** One emoji on a message and who put it there, the first first. */
export interface Reaction {
  readonly emoji: string;
  readonly count: number;
  readonly user_ids: readonly number[];
}

/** `seq` counts the room's messages 1, 2, 3 … without gaps; a deleted message stays as a tombstone. Times are RFC 3339 UTC. */
export interface Message {
  readonly id: number;
  readonly room: number;
  readonly seq: number;
  readonly sender: UserRef;
  readonly client_id: string;
  readonly text: string;
  readonly created_at: string;
  readonly edited_at: string | null;
  readonly deleted_at: string | null;
  readonly reply_to: number | null;
  readonly attachments: readonly Attachment[];
  readonly reactions: readonly Reaction[];
}

export type RoomKind = "direct" | "group";

export interface RoomMember extends UserRef {
  readonly joined_at?: string;
  readonly last_read_seq: number;
}

/** What is the same for everybody in a room, and seldom changes. */
export interface RoomFacts {
  readonly id: number;
  readonly kind: RoomKind;
  /** Of a group; empty for a direct room, which is named after the other person. */
  readonly title: string;
  readonly owner_id?: number | null;
  /** Nobody may write, by order of an administrator. */
  readonly is_locked?: boolean;
  readonly created_at?: string;
  readonly channel: string;
  /** Whether the receiver may write; only in what is addressed to one person. */
  readonly can_send?: boolean;
}

/** A room as one of its members sees it. */
export interface Room extends RoomFacts {
  readonly members: readonly RoomMember[];
  readonly last_message: Message | null;
  readonly unread: number;
  readonly last_read_seq: number;
  readonly position: Position;
}

export type NotificationLevel = "info" | "success" | "warning" | "error";

export interface Notification {
  readonly id: number;
  readonly kind: string;
  readonly level: NotificationLevel | string;
  readonly title: string;
  readonly body: string;
  readonly link: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** How many things it stands for: above 1 when later ones were folded into it. */
  readonly count?: number;
  readonly created_at: string;
  /** When the latest of them happened; the feed is ordered by it. */
  readonly updated_at?: string;
  readonly seen_at: string | null;
  readonly read_at: string | null;
  readonly archived_at: string | null;
}

export type InvoiceStatus =
  | "draft"
  | "open"
  | "partially_paid"
  | "paid"
  | "partially_refunded"
  | "refunded"
  | "void";

export interface InvoiceHistoryEntry {
  readonly at: string;
  readonly [field: string]: unknown;
}

/** Money is in minor units (kopecks, cents) of `currency`. `display_status` joins `status` with the facts "viewed" and "overdue". */
export interface Invoice {
  readonly id: number;
  readonly number: string;
  readonly status: InvoiceStatus;
  readonly display_status: string;
  readonly amount_minor: number;
  readonly currency: string;
  readonly paid_minor: number;
  readonly refunded_minor: number;
  readonly description: string;
  readonly due_date: string;
  readonly issuer: UserRef;
  readonly payer: UserRef;
  readonly student: UserRef;
  readonly sent_at: string | null;
  readonly first_viewed_at: string | null;
  readonly paid_at: string | null;
  readonly overdue_since: string | null;
  readonly history: readonly InvoiceHistoryEntry[];
}

export interface Payment {
  readonly id: number | string;
  readonly status: string;
  readonly [field: string]: unknown;
}

/** A list of REST: one page and the cursor of the next one. */
export interface Page<T> {
  readonly results: readonly T[];
  readonly next: string | null;
}

/** A page of a room's history: ascending by `seq`; `position` was read before the messages. */
export interface HistoryPage extends Page<Message> {
  readonly position: Position;
}

interface Logged {
  /** When it happened, RFC 3339 UTC. */
  readonly at: string;
}

/** What arrives on `chat:<room_id>`. */
export type ChatEvent = Logged &
  (
    | { readonly type: "message.created"; readonly message: Message }
    | { readonly type: "message.edited"; readonly message: Message }
    | {
        readonly type: "message.deleted";
        readonly id: number;
        readonly seq: number;
        readonly deleted_at?: string;
      }
    | {
        readonly type: "reaction.changed";
        readonly message_id: number;
        readonly reactions: readonly Reaction[];
      }
    | {
        readonly type: "read.moved";
        readonly user_id: number;
        readonly seq: number;
        readonly unread?: number;
      }
    | { readonly type: "member.joined"; readonly user: RoomMember }
    | { readonly type: "member.left"; readonly user_id: number }
    | { readonly type: "room.updated"; readonly room: RoomFacts }
  );

/** What arrives on `typing:<room_id>`; not logged. */
export interface TypingEvent {
  readonly type: "typing";
  readonly user_id: number;
  readonly typing: boolean;
}

/** What arrives on `user:#<user_id>`. */
export type UserEvent = Logged &
  (
    | { readonly type: "room.added"; readonly room: Room }
    | { readonly type: "room.removed"; readonly room_id: number }
    | { readonly type: "room.updated"; readonly room: RoomFacts }
  );

/** How many of a feed are unseen and unread; what is archived counts as neither. */
export interface NotificationCounts {
  readonly unseen: number;
  readonly unread: number;
}

/** A page of the feed, the latest first; `position` was read before the notifications. */
export interface NotificationPage extends Page<Notification>, NotificationCounts {
  readonly channel: string;
  readonly position: Position;
}

/** What arrives on `notifications:#<user_id>`; `counts` are those after the event. */
export type NotificationEvent = Logged & { readonly counts?: NotificationCounts } & (
    | { readonly type: "notification.created"; readonly notification: Notification }
    | { readonly type: "notification.changed"; readonly notification: Notification }
    | { readonly type: "notifications.read_all"; readonly up_to: number; readonly read_at?: string }
    | { readonly type: "notifications.seen_all"; readonly up_to: number; readonly seen_at?: string }
    | { readonly type: "notifications.archived_all"; readonly up_to: number; readonly archived_at?: string }
  );

/** What arrives on `invoices:#<user_id>`. */
export type InvoiceEvent = Logged &
  (
    | { readonly type: "invoice.created"; readonly invoice: Invoice }
    | {
        readonly type: "invoice.changed";
        readonly invoice: Invoice;
        readonly old_status: InvoiceStatus;
        readonly new_status: InvoiceStatus;
      }
    | { readonly type: "invoice.paid"; readonly invoice: Invoice; readonly payment: Payment }
    | { readonly type: "payment.changed"; readonly payment: Payment }
  );

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
  "invoices.view": { params: { id: number }; result: { invoice?: Invoice } };
  ping: { params: Record<string, never>; result: { at: string } };
}
