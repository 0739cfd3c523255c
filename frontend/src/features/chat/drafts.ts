/** What is written and not sent, per person and room; kept on this device, through reloads and signing out. */
import { useSyncExternalStore } from "react";

const PREFIX = "vestnik.draft";
const listeners = new Set<() => void>();

export function readDraft(userId: number | null, roomId: number): string {
  return localStorage.getItem(keyOf(userId, roomId)) ?? "";
}

/** An empty text removes the draft. */
export function writeDraft(userId: number | null, roomId: number, text: string): void {
  if (text.trim() === "") localStorage.removeItem(keyOf(userId, roomId));
  else localStorage.setItem(keyOf(userId, roomId), text);
  for (const listener of listeners) listener();
}

/** The draft of one room, for the list of rooms. */
export function useDraft(userId: number | null, roomId: number): string {
  return useSyncExternalStore(listen, () => readDraft(userId, roomId));
}

function keyOf(userId: number | null, roomId: number): string {
  return `${PREFIX}.${userId ?? "unknown"}.${roomId}`;
}

function listen(listener: () => void): () => void {
  listeners.add(listener);
  // Another tab wrote.
  window.addEventListener("storage", listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("storage", listener);
  };
}
