import type { Room } from "@vestnik/client";
import { useRealtime, useRooms } from "@vestnik/client/react";
import { useCallback } from "react";
import { useLocation } from "wouter";

/** Returns the function that makes (or finds) a room with these people and opens it. */
export function useStartChat(): (memberIds: readonly number[], title?: string) => Promise<void> {
  const { api } = useRealtime();
  const { add } = useRooms();
  const [, navigate] = useLocation();
  return useCallback(
    async (memberIds, title) => {
      const kind = memberIds.length === 1 && !title ? "direct" : "group";
      const room = await api.post<Room>("/api/chat/rooms/", {
        kind,
        member_ids: memberIds,
        title: title || undefined,
      });
      add(room);
      navigate(`/chat/${room.id}`);
    },
    [api, add, navigate],
  );
}

/** Case and ё do not matter when somebody looks for a name. */
export function matches(name: string, wanted: string): boolean {
  return folded(name).includes(folded(wanted.trim()));
}

function folded(text: string): string {
  return text.toLocaleLowerCase().replaceAll("ё", "е");
}
