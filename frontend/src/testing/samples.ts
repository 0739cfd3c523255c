/** Messages, rooms and invoices as the server would send them; a test names only what it is about. */
import type {
  ConnectionSnapshot,
  Invoice,
  Message,
  Notification,
  PendingMessage,
  Room,
} from "@vestnik/client";

export const ANNA = { id: 1, display_name: "Анна Петрова", role: "teacher", last_read_seq: 0 };
export const MASHA = { id: 2, display_name: "Маша Иванова", role: "student", last_read_seq: 0 };

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

export function room(overrides: Partial<Room> & { can_send?: boolean; is_locked?: boolean } = {}): Room {
  return {
    id: 7,
    kind: "direct",
    title: "",
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
    created_at: "2026-11-24T12:00:00Z",
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
    issuer: { id: 3, display_name: "Daniel Brooks" },
    payer: { id: 4, display_name: "Ольга Иванова" },
    student: MASHA,
    sent_at: "2026-11-20T12:00:00Z",
    first_viewed_at: null,
    paid_at: null,
    overdue_since: null,
    history: [],
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
