/** What a room is called, who is in it, and whether one may write there. */
import type { Room, UserRef } from "@vestnik/client";
import type { Translate } from "../../i18n/useText";

/** The other people of a room. */
export function othersIn(room: Room, userId: number | null): readonly UserRef[] {
  return room.members.filter((member) => member.id !== userId);
}

/** A direct room is called after the other person; a group by its title, else by its people. */
export function roomTitle(t: Translate, room: Room, userId: number | null): string {
  if (room.kind === "group" && room.title) return room.title;
  const names = othersIn(room, userId).map((member) => member.display_name);
  return names.join(", ") || room.title || t("chat.emptyRoom");
}

/** Why one may not write into the room, or null if one may. */
export function readOnlyReason(room: Room): "relation_ended" | "locked" | null {
  if (room.is_locked) return "locked";
  return room.can_send === false ? "relation_ended" : null;
}
