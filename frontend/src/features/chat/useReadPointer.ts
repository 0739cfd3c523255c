import { useEffect, useRef } from "react";
import { useAttention } from "./useAttention";

/** Read means: on the screen, in a window that has the focus, for this long; and no pointer moves more often. */
const READ_AFTER_MS = 1_000;

/**
 * Moves the read pointer to the lowest message that was seen. The clock starts when something unread comes into view
 * and is not started anew by the next message, so a busy room is read too.
 */
export function useReadPointer(
  visibleSeq: number,
  lastReadSeq: number,
  markRead: (seq: number) => void,
): void {
  const attention = useAttention();
  const latest = useRef({ visibleSeq, markRead });
  latest.current = { visibleSeq, markRead };
  const due = attention && visibleSeq > lastReadSeq;

  useEffect(() => {
    if (!due) return;
    let told = 0;
    const timer = setInterval(() => {
      const now = latest.current;
      if (now.visibleSeq <= told) return;
      told = now.visibleSeq;
      now.markRead(told);
    }, READ_AFTER_MS);
    return () => clearInterval(timer);
  }, [due]);
}
