import type { RoomMember } from "@vestnik/client";
import { useText } from "../../i18n/useText";

interface TypingLineProps {
  typing: readonly number[];
  members: readonly RoomMember[];
}

/** Who is writing now. The line keeps its height, so the list does not jump. */
export function TypingLine({ typing, members }: TypingLineProps) {
  const { t } = useText();
  const names = typing
    .map((id) => members.find((member) => member.id === id)?.display_name)
    .filter((name) => name !== undefined);
  const [first = "", second = ""] = names;
  return (
    <p
      data-testid="typing"
      className="mx-auto h-5 w-full max-w-4xl truncate px-4 text-xs text-ink-soft md:px-7"
    >
      {names.length === 1 && t("typing.one", { name: first })}
      {names.length === 2 && t("typing.two", { first, second })}
      {names.length > 2 && t("typing.many", { count: names.length })}
    </p>
  );
}
