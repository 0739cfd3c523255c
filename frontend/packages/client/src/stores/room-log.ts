/** A room's history as a value, and the one function that applies an event to it. */

import { withElement } from "../core/arrays.ts";
import type { ChatEvent, Message } from "../payloads.ts";

export interface RoomLog {
  /** Ascending by `seq`. */
  readonly messages: readonly Message[];
  /** Up to here no message of the loaded range is missing. */
  readonly contiguousSeq: number;
  /** Nothing is older than the first one. */
  readonly reachedStart: boolean;
}

export const EMPTY_LOG: RoomLog = { messages: [], contiguousSeq: 0, reachedStart: false };

/** The newest page of history, as the beginning of a log. */
export function logOfPage(messages: readonly Message[], reachedStart: boolean): RoomLog {
  return { messages, contiguousSeq: messages.at(-1)?.seq ?? 0, reachedStart };
}

/** Puts an older page before what is loaded. */
export function withOlder(log: RoomLog, older: readonly Message[], reachedStart: boolean): RoomLog {
  const first = log.messages[0]?.seq ?? Number.POSITIVE_INFINITY;
  return {
    ...log,
    messages: [...older.filter((message) => message.seq < first), ...log.messages],
    reachedStart,
  };
}

/**
 * Applies one event. Applying it twice, or one that the log already reflects, changes nothing (and returns the same
 * object); events about messages that are not loaded change nothing either.
 */
export function reduceRoom(log: RoomLog, event: ChatEvent): RoomLog {
  switch (event.type) {
    case "message.created":
      return withMessage(log, event.message);
    case "message.edited":
      return withChange(log, event.message.id, (known) => fresher(known, event.message));
    case "message.deleted":
      return withChange(log, event.id, (known) =>
        known.deleted_at === null ? tombstone(known, event.deleted_at) : known,
      );
    case "reaction.changed":
      return withChange(log, event.message_id, (known) => ({ ...known, reactions: event.reactions }));
    default:
      return log;
  }
}

/** Whether the message's predecessor is missing, so that the history must be loaded again. */
export function leavesGap(log: RoomLog, message: Message): boolean {
  return message.seq > log.contiguousSeq + 1;
}

/**
 * Adds a message that the server has stored. One that came early (as the reply to this tab's own command, before the
 * publications ahead of it) is kept in its place; `contiguousSeq` moves when those have come.
 */
export function withMessage(log: RoomLog, message: Message): RoomLog {
  const { messages } = log;
  const first = messages[0];
  if (first !== undefined && message.seq < first.seq) return log;
  let index = messages.length;
  while (index > 0 && (messages[index - 1]?.seq ?? 0) > message.seq) index -= 1;
  const known = messages[index - 1];
  if (known !== undefined && known.seq === message.seq) {
    return withChange(log, known.id, () => fresher(known, message));
  }
  const next = [...messages.slice(0, index), message, ...messages.slice(index)];
  return { ...log, messages: next, contiguousSeq: contiguousEnd(next, log.contiguousSeq) };
}

function contiguousEnd(messages: readonly Message[], from: number): number {
  let end = from;
  // Only the tail can be ahead of the contiguous part.
  let index = messages.length - 1;
  while (index > 0 && (messages[index - 1]?.seq ?? 0) > from) index -= 1;
  for (; index < messages.length; index += 1) {
    const seq = messages[index]?.seq ?? 0;
    if (seq === end + 1) end = seq;
    else if (seq > end + 1) break;
  }
  return end;
}

function withChange(log: RoomLog, id: number, change: (known: Message) => Message): RoomLog {
  // From the end: what changes is mostly recent.
  for (let index = log.messages.length - 1; index >= 0; index -= 1) {
    const known = log.messages[index];
    if (known?.id !== id) continue;
    const changed = change(known);
    if (changed === known) return log;
    return { ...log, messages: withElement(log.messages, index, changed) };
  }
  return log;
}

/** A tombstone never comes back to life, and an older edit does not replace a newer one. */
export function fresher(known: Message, incoming: Message): Message {
  if (known.deleted_at !== null && incoming.deleted_at === null) return known;
  if (instant(incoming.edited_at) < instant(known.edited_at)) return known;
  return incoming;
}

export function tombstone(message: Message, at: string): Message {
  return { ...message, deleted_at: at, text: "", attachments: [], reactions: [] };
}

function instant(time: string | null): number {
  return time === null ? 0 : Date.parse(time);
}
