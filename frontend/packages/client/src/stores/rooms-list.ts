/** The list of rooms as a value: previews, unread counts and order follow the events of every room. */

import { withElement } from "../core/arrays.ts";
import type { ChatEvent, Message, Room, RoomFacts, UserEvent } from "../payloads.ts";
import { fresher, tombstone } from "./room-log.ts";

/** Latest activity first. */
export function sortedRooms(rooms: readonly Room[]): readonly Room[] {
  return [...rooms].sort((left, right) => activity(right) - activity(left) || right.id - left.id);
}

function activity(room: Room): number {
  const time = room.last_message?.created_at ?? room.created_at;
  return time === undefined ? 0 : Date.parse(time);
}

/** Applies an event of room `roomId` as `me` sees it. Events that the list already reflects change nothing. */
export function reduceRooms(
  rooms: readonly Room[],
  roomId: number,
  event: ChatEvent,
  me: number | null,
): readonly Room[] {
  return change(rooms, roomId, (room) => reduceRoomEntry(room, event, me));
}

function reduceRoomEntry(room: Room, event: ChatEvent, me: number | null): Room {
  switch (event.type) {
    case "message.created":
      return withLastMessage(room, event.message, me);
    case "message.edited":
      return room.last_message?.id === event.message.id
        ? { ...room, last_message: fresher(room.last_message, event.message) }
        : room;
    case "message.deleted":
      return room.last_message?.id === event.id
        ? { ...room, last_message: tombstone(room.last_message, event.deleted_at) }
        : room;
    case "read.moved":
      return withReadPointer(room, event.user_id, event.seq, event.unread, me);
    case "member.joined":
      return room.members.some((member) => member.id === event.user.id)
        ? room
        : { ...room, members: [...room.members, event.user] };
    case "member.left":
      return room.members.some((member) => member.id === event.user_id)
        ? { ...room, members: room.members.filter((member) => member.id !== event.user_id) }
        : room;
    case "room.updated":
      return withUpdate(room, event.room);
    default:
      return room;
  }
}

function withLastMessage(room: Room, message: Message, me: number | null): Room {
  if (message.seq <= (room.last_message?.seq ?? 0)) return room;
  const isNews = message.sender.id !== me && message.seq > room.last_read_seq;
  return { ...room, last_message: message, unread: room.unread + (isNews ? 1 : 0) };
}

function withReadPointer(room: Room, userId: number, seq: number, unread: number, me: number | null): Room {
  const members = room.members.map((member) =>
    member.id === userId && member.last_read_seq < seq ? { ...member, last_read_seq: seq } : member,
  );
  const moved = members.some((member, index) => member !== room.members[index]);
  if (userId !== me || seq < room.last_read_seq) return moved ? { ...room, members } : room;
  return !moved && seq === room.last_read_seq && unread === room.unread
    ? room
    : { ...room, members, last_read_seq: seq, unread };
}

function withUpdate(room: Room, facts: RoomFacts): Room {
  return { ...room, ...facts };
}

/** Applies what arrives on `user:#<id>`. */
export function reduceMembership(rooms: readonly Room[], event: UserEvent): readonly Room[] {
  switch (event.type) {
    case "room.added":
      return rooms.some((room) => room.id === event.room.id) ? rooms : sortedRooms([...rooms, event.room]);
    case "room.removed":
      return rooms.some((room) => room.id === event.room_id)
        ? rooms.filter((room) => room.id !== event.room_id)
        : rooms;
    case "room.updated":
      return change(rooms, event.room.id, (room) => withUpdate(room, event.room));
    default:
      return rooms;
  }
}

function change(rooms: readonly Room[], roomId: number, apply: (room: Room) => Room): readonly Room[] {
  const index = rooms.findIndex((room) => room.id === roomId);
  const room = rooms[index];
  if (room === undefined) return rooms;
  const changed = apply(room);
  if (changed === room) return rooms;
  const next = withElement(rooms, index, changed);
  return changed.last_message === room.last_message ? next : sortedRooms(next);
}
