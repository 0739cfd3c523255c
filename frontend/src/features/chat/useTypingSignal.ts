import { useCallback, useEffect, useRef } from "react";

const REPEAT_MS = 3_000; // the others forget after 5 s of silence; one repeat may get lost
const STOP_AFTER_MS = 4_000;

/**
 * Tells the room that this person types: at once, then at most every three seconds, and that it is over when the text
 * was sent, the field was left, or nothing was typed for a while.
 */
export function useTypingSignal(setTyping: (typing: boolean) => void): {
  typed: () => void;
  stopped: () => void;
} {
  const latest = useRef(setTyping);
  latest.current = setTyping;
  const lastSaid = useRef<number | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);

  const stopped = useCallback(() => {
    clearTimeout(timer.current);
    if (lastSaid.current === null) return;
    lastSaid.current = null;
    latest.current(false);
  }, []);

  const typed = useCallback(() => {
    const now = Date.now();
    if (lastSaid.current === null || now - lastSaid.current >= REPEAT_MS) {
      lastSaid.current = now;
      latest.current(true);
    }
    clearTimeout(timer.current);
    timer.current = setTimeout(stopped, STOP_AFTER_MS);
  }, [stopped]);

  useEffect(() => stopped, [stopped]);
  return { typed, stopped };
}
