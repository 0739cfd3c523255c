import type { Message } from "@vestnik/client";
import { useEffect, useRef, useState } from "react";
import type { Translate } from "../../i18n/useText";

/** Messages that arrive within this time are announced as one. */
const COALESCE_MS = 1_000;

/** The text of the polite region: what others have just written, coalesced. Empty until something arrives. */
export function useAnnouncements(messages: readonly Message[], userId: number | null, t: Translate): string {
  const [text, setText] = useState("");
  const announced = useRef<number | null>(null);
  const lastSeq = messages[messages.length - 1]?.seq ?? 0;
  const latest = useRef(messages);
  latest.current = messages;

  useEffect(() => {
    if (announced.current === null) {
      announced.current = lastSeq;
      return;
    }
    if (lastSeq <= announced.current) return;
    const timer = setTimeout(() => {
      const from = announced.current ?? lastSeq;
      announced.current = lastSeq;
      const fresh = latest.current.filter((message) => message.seq > from && message.sender.id !== userId);
      const first = fresh[0];
      if (!first) return;
      setText(
        fresh.length === 1
          ? t("chat.announce", { name: first.sender.display_name, text: first.text })
          : t("chat.announceMany", { count: fresh.length }),
      );
    }, COALESCE_MS);
    return () => clearTimeout(timer);
  }, [lastSeq, userId, t]);

  return text;
}
