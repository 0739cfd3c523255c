import { useText } from "../../i18n/useText";
import { AlertIcon, CheckIcon, ClockIcon, DoubleCheckIcon } from "../../ui/icons";

export type DeliveryState = "queued" | "stored" | "read" | "failed";

interface MessageStateProps {
  state: DeliveryState;
  /** In a group: how many of the others have read it. */
  readBy?: number | undefined;
}

/** Clock, one tick, two ticks, exclamation mark; the word stands beside each for those who do not see it. */
export function MessageState({ state, readBy }: MessageStateProps) {
  const { t } = useText();
  const word =
    state === "read" && readBy ? t("message.readBy", { count: readBy }) : t(`message.state.${state}`);
  return (
    <span
      title={word}
      className={state === "failed" ? "text-danger" : state === "read" ? "text-accent" : undefined}
    >
      {state === "queued" && <ClockIcon size={14} />}
      {state === "stored" && <CheckIcon size={14} />}
      {state === "read" && <DoubleCheckIcon size={16} />}
      {state === "failed" && <AlertIcon size={14} />}
      <span className="sr-only">{word}</span>
    </span>
  );
}
