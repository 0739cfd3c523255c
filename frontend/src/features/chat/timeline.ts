/** What stands in a room from top to bottom: days, the line above the unread, messages in groups, then what waits. */
import type { Message, PendingMessage } from "@vestnik/client";
import { dayKey } from "../../i18n/formats";

/** Messages of one author within five minutes of each other stand together under one name. */
const GROUP_WITHIN_MS = 5 * 60_000;

interface Grouped {
  /** The first of its group: carries the name. */
  readonly startsGroup: boolean;
  /** The last of its group: carries the avatar. */
  readonly endsGroup: boolean;
}

export type Row =
  | { readonly type: "day"; readonly key: string; readonly at: string }
  | { readonly type: "unread"; readonly key: "unread"; readonly count: number }
  | ({
      readonly type: "message";
      readonly key: string;
      readonly message: Message;
      readonly own: boolean;
    } & Grouped)
  | ({ readonly type: "pending"; readonly key: string; readonly pending: PendingMessage } & Grouped);

export interface TimelineInput {
  messages: readonly Message[];
  pending: readonly PendingMessage[];
  userId: number | null;
  /** What was unread when the room was opened: after one `seq`, up to another. What comes later is read as it comes. */
  unread: { readonly after: number; readonly upTo: number };
}

/**
 * Builds the rows. A message and its pending form share a key (`client_id`), so the row stays in place when the server
 * takes the message over.
 */
export function buildTimeline({ messages, pending, userId, unread }: TimelineInput): Row[] {
  const rows: Row[] = [];
  const unseen = messages.filter(
    ({ seq, sender }) => seq > unread.after && seq <= unread.upTo && sender.id !== userId,
  );
  const firstUnread = unseen[0]?.seq;
  const known = new Set(messages.map((message) => message.client_id));
  const entries: Entry[] = [
    ...messages.map((message) => ({
      author: message.sender.id,
      at: Date.parse(message.created_at),
      message,
    })),
    ...pending
      .filter((item) => !known.has(item.clientId))
      .map((item) => ({ author: item.userId, at: item.createdAt, pending: item })),
  ];

  entries.forEach((entry, index) => {
    const before = entries[index - 1];
    const after = entries[index + 1];
    const opensDay = !before || dayOf(before) !== dayOf(entry);
    const opensUnread = entry.message !== undefined && entry.message.seq === firstUnread;
    if (opensDay) {
      const at = new Date(entry.at).toISOString();
      rows.push({ type: "day", key: `day-${dayOf(entry)}`, at });
    }
    if (opensUnread) rows.push({ type: "unread", key: "unread", count: unseen.length });

    const startsGroup = opensDay || opensUnread || !belongTogether(before, entry);
    const endsGroup =
      !after ||
      dayOf(after) !== dayOf(entry) ||
      (after.message !== undefined && after.message.seq === firstUnread) ||
      !belongTogether(entry, after);
    if (entry.message) {
      const { message } = entry;
      // Messages that were not written here may lack a client id of their own kind; the id is always there.
      const key = message.client_id || `id-${message.id}`;
      rows.push({ type: "message", key, message, own: message.sender.id === userId, startsGroup, endsGroup });
    } else if (entry.pending) {
      rows.push({
        type: "pending",
        key: entry.pending.clientId,
        pending: entry.pending,
        startsGroup,
        endsGroup,
      });
    }
  });
  return rows;
}

interface Entry {
  author: number;
  at: number;
  message?: Message;
  pending?: PendingMessage;
}

function dayOf(entry: Entry): string {
  return dayKey(new Date(entry.at));
}

function belongTogether(a: Entry | undefined, b: Entry): boolean {
  return a !== undefined && a.author === b.author && Math.abs(b.at - a.at) < GROUP_WITHIN_MS;
}

/** How many messages of others stand after `seq`. */
export function countAfter(messages: readonly Message[], seq: number, userId: number | null): number {
  let count = 0;
  for (let index = messages.length - 1; index >= 0; index -= 1) {
    const message = messages[index];
    if (!message || message.seq <= seq) break;
    if (message.sender.id !== userId) count += 1;
  }
  return count;
}
