/** What the composer is doing: writing something new, or changing something that was written. */
import type { Message, PendingMessage } from "@vestnik/client";

export type Composing =
  | { readonly type: "new"; readonly replyTo: Message | null }
  | { readonly type: "edit"; readonly message: Message }
  | { readonly type: "edit-pending"; readonly pending: PendingMessage };

export const WRITING: Composing = { type: "new", replyTo: null };

/** The server's limit. */
export const MAX_LENGTH = 10_000;

/** Own, not deleted, the latest: what ↑ in an empty composer edits. */
export function lastEditable(messages: readonly Message[], userId: number | null): Message | null {
  return messages.findLast((message) => message.sender.id === userId && !message.deleted_at) ?? null;
}
