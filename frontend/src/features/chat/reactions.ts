/** The small set of reactions, and what stands on one message. */
import type { Message } from "@vestnik/client";

export const EMOJIS = ["👍", "❤️", "😂", "🎉", "🤔", "🙏"] as const;

export interface Tally {
  readonly emoji: string;
  readonly count: number;
  readonly mine: boolean;
}

export function talliesOf(message: Message, userId: number | null): Tally[] {
  return message.reactions
    .map(({ emoji, user_ids, count }) => ({
      emoji,
      count: count ?? user_ids?.length ?? 0,
      mine: userId !== null && (user_ids?.includes(userId) ?? false),
    }))
    .filter((tally) => tally.count > 0);
}
