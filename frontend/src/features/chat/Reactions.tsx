import type { Message } from "@vestnik/client";
import { useText } from "../../i18n/useText";
import { classes } from "../../ui/classes";
import { talliesOf } from "./reactions";

interface ReactionsProps {
  message: Message;
  userId: number | null;
  writable: boolean;
  tabStop: boolean;
  onToggle: (emoji: string, on: boolean) => void;
}

export function Reactions({ message, userId, writable, tabStop, onToggle }: ReactionsProps) {
  const { t } = useText();
  const tallies = talliesOf(message, userId);
  if (tallies.length === 0 || message.deleted_at) return null;
  return (
    <div className="-mt-1.5 flex flex-wrap gap-1 px-2" data-testid="reactions">
      {tallies.map(({ emoji, count, mine }) => (
        <button
          key={emoji}
          type="button"
          disabled={!writable}
          tabIndex={tabStop ? 0 : -1}
          aria-pressed={mine}
          aria-label={t("reaction.count", { emoji, count })}
          onClick={() => onToggle(emoji, !mine)}
          className={classes(
            "tabular relative inline-flex h-7 items-center gap-1 rounded-full border px-2 text-sm",
            mine ? "border-accent bg-accent-soft text-accent" : "border-line bg-raised text-ink-soft",
          )}
        >
          <span aria-hidden="true">{emoji}</span>
          <span aria-hidden="true">{count}</span>
        </button>
      ))}
    </div>
  );
}
