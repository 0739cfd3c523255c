/** Messages, rooms and invoices as the server would send them; a test names only what it is about. */
import type {
  ConnectionSnapshot,
  Invoice,
  InvoiceHistoryEntry,
  Message,
  Notification,
  PendingMessage,
  Room,
  RoomMember,
} from "@vestnik/client";

const JOINED = { joined_at: "2026-09-01T09:00:00Z", last_read_seq: 0 };

export const ANNA: RoomMember = { id: 1, display_name: "Анна Петрова", role: "teacher", ...JOINED };
export const MASHA: RoomMember = { id: 2, display_name: "Маша Иванова", role: "student", ...JOINED };

export function message(seq: number, overrides: Partial<Message> = {}): Message {
  return {
    id: 100 + seq,
    room: 7,
    seq,
    sender: ANNA,
    client_id: `00000000-0000-7000-8000-${String(seq).padStart(12, "0")}`,
    text: `message ${seq}`,
    created_at: "2026-11-24T12:00:00Z",
    edited_at: null,
    deleted_at: null,
    reply_to: null,
    attachments: [],
    reactions: [],
    ...overrides,
  };
}

export function pending(clientId: string, overrides: Partial<PendingMessage> = {}): PendingMessage {
  return {
    clientId,
    userId: MASHA.id,
    roomId: 7,
    text: "waiting",
    replyTo: null,
    attachmentIds: [],
    createdAt: Date.parse("2026-11-24T12:00:00Z"),
    state: "queued",
    attempts: 0,
    error: null,
    ...overrides,
  };
}

export function room(overrides: Partial<Room> = {}): Room {
  return {
    id: 7,
    kind: "direct",
    title: "",
    owner_id: null,
    is_locked: false,
    created_at: "2026-09-01T09:00:00Z",
    can_send: true,
    members: [ANNA, MASHA],
    last_message: null,
    unread: 0,
    last_read_seq: 0,
    channel: "chat:7",
    position: { epoch: "e", offset: 0 },
    ...overrides,
  };
}

export function notification(id: number, overrides: Partial<Notification> = {}): Notification {
  return {
    id,
    kind: "chat.message",
    level: "info",
    title: "Title",
    body: "Body",
    link: "/chat/7",
    data: {},
    count: 1,
    created_at: "2026-11-24T12:00:00Z",
    updated_at: overrides.created_at ?? "2026-11-24T12:00:00Z",
    seen_at: null,
    read_at: null,
    archived_at: null,
    ...overrides,
  };
}

export function invoice(overrides: Partial<Invoice> = {}): Invoice {
  return {
    id: 5,
    number: "2026-00005",
    status: "open",
    display_status: "sent",
    amount_minor: 150_000,
    currency: "RUB",
    paid_minor: 0,
    refunded_minor: 0,
    description: "Eight lessons of algebra",
    due_date: "2026-12-01",
    issuer: { id: 3, display_name: "Daniel Brooks", role: "tutor" },
    payer: { id: 4, display_name: "Ольга Иванова", role: "parent" },
    student: MASHA,
    created_at: "2026-11-20T11:00:00Z",
    payment: null,
    sent_at: "2026-11-20T12:00:00Z",
    first_viewed_at: null,
    paid_at: null,
    overdue_since: null,
    history: [],
    ...overrides,
  };
}

/** One line of an invoice's history. */
export function step(what: string, overrides: Partial<InvoiceHistoryEntry> = {}): InvoiceHistoryEntry {
  return {
    id: 1,
    at: "2026-11-24T12:00:00Z",
    what,
    old_status: "open",
    new_status: "open",
    actor: null,
    provider: "",
    amount_minor: null,
    ...overrides,
  };
}

export function connection(overrides: Partial<ConnectionSnapshot> = {}): ConnectionSnapshot {
  return {
    state: "online",
    reason: null,
    retryAt: null,
    retryInMs: null,
    attempt: 0,
    since: 0,
    lostAt: null,
    lastOutageMs: null,
    caughtUp: 0,
    ...overrides,
  };
}
