import { chatWebSocketService } from "@vestnik/client";
import { useSyncExternalStore } from "react";

/** Who is in the room, as far as the client knows without opening it. */
export function usePresence(roomId: number): readonly number[] {
  const store = chatWebSocketService.room(roomId);
  return useSyncExternalStore(
    (listener) => store.subscribe(listener),
    () => store.getSnapshot().present,
  );
}
