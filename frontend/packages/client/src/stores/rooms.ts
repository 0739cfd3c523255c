/** All rooms of the signed-in person, live: previews, order, unread counts. */

import type { RealtimeClient } from "../core/realtime.ts";
import type { RoomsSnapshot } from "../core/types.ts";
import type { ChatEvent, Page, Position, Room, UserEvent } from "../payloads.ts";
import { FollowedChannel } from "./followed-channel.ts";
import { LiveStore } from "./live-store.ts";
import { reduceMembership, reduceRooms, sortedRooms } from "./rooms-list.ts";

/** A connection may hold 512 subscriptions, and the open room takes two more. */
const MAX_LIVE_ROOMS = 400;
/** Five pages of 200. */
const MAX_PAGES = 5;

const EMPTY: RoomsSnapshot = { status: "idle", error: null, rooms: [], unreadTotal: 0 };

/** `position`, where the server gives it, is that of `user:#<id>`: who is in which room. */
type RoomsPage = Page<Room> & { readonly position?: Position };

export class RoomsStore extends LiveStore<RoomsSnapshot> {
  readonly #followed = new Map<number, FollowedChannel<ChatEvent>>();
  #membership: FollowedChannel<UserEvent> | null = null;

  constructor(realtime: RealtimeClient) {
    super(realtime, EMPTY);
  }

  room(roomId: number): Room | null {
    return this.getSnapshot().rooms.find((room) => room.id === roomId) ?? null;
  }

  /** Puts a room that a REST call returned into the list, without waiting for its event. */
  readonly add = (room: Room): void => {
    if (this.room(room.id) === null) this.#show(sortedRooms([...this.getSnapshot().rooms, room]));
    if (this.active) this.#follow([room]);
  };

  /** Shows my own read pointer where this tab has moved it, before the server says so and counts what is left. */
  movePointer(roomId: number, me: number, seq: number): void {
    const room = this.room(roomId);
    if (room === null) return;
    // Between the pointer and the end at most so many can be unread.
    const unread = Math.min(room.unread, Math.max(0, (room.last_message?.seq ?? 0) - seq));
    this.#apply(roomId, { type: "read.moved", at: "", user_id: me, seq, unread });
  }

  /** Applies a change that a reply has confirmed, without waiting for its event. */
  applyLocally(roomId: number, event: ChatEvent): void {
    this.#apply(roomId, event);
  }

  protected attach(): void {
    const userId = this.realtime.identity.getSnapshot();
    if (this.#membership === null && userId !== null) {
      this.#membership = new FollowedChannel<UserEvent>({
        channels: this.realtime.channels,
        channel: `user:#${userId}`,
        apply: (event) => this.#applyMembership(event),
        onGap: this.loadAgain,
      });
    }
    this.#membership?.hold();
    for (const room of this.#followed.values()) room.hold();
  }

  protected detach(): void {
    this.#membership?.close();
    this.#membership = null;
    for (const room of this.#followed.values()) room.close();
    this.#followed.clear();
  }

  protected reset(): void {}

  protected async load(isCurrent: () => boolean): Promise<void> {
    const { rooms, position } = await this.#fetchAll();
    if (!isCurrent()) return;
    this.#show(sortedRooms(rooms.map((room) => this.#keepPointer(room))));
    this.#unfollowOthers(rooms);
    this.realtime.channels.batch(() => {
      for (const room of rooms) this.#followed.get(room.id)?.release(room.position);
      this.#follow(rooms);
    });
    this.#membership?.release(position);
  }

  /** A pointer that this tab moved while the list was loading must not step back for the blink of an eye. */
  #keepPointer(room: Room): Room {
    const shown = this.room(room.id);
    if (shown === null || shown.last_read_seq <= room.last_read_seq) return room;
    return { ...room, last_read_seq: shown.last_read_seq, unread: shown.unread };
  }

  async #fetchAll(): Promise<{ readonly rooms: readonly Room[]; readonly position: Position | null }> {
    const first = await this.realtime.api.get<RoomsPage>("/api/chat/rooms/");
    const rooms = [...first.results];
    let cursor = first.next;
    for (let page = 1; page < MAX_PAGES && cursor !== null; page += 1) {
      const { results, next } = await this.realtime.api.get<RoomsPage>("/api/chat/rooms/", { cursor });
      rooms.push(...results);
      cursor = next;
    }
    return { rooms, position: first.position ?? null };
  }

  #follow(rooms: readonly Room[]): void {
    const placesLeft = Math.max(0, MAX_LIVE_ROOMS - this.#followed.size);
    for (const room of rooms.filter(({ id }) => !this.#followed.has(id)).slice(0, placesLeft)) {
      const followed = new FollowedChannel<ChatEvent>({
        channels: this.realtime.channels,
        channel: room.channel,
        apply: (event) => this.#apply(room.id, event),
        onGap: this.loadAgain,
        onClosed: () => this.#unfollow(room.id),
      });
      this.#followed.set(room.id, followed);
      followed.release(room.position);
    }
  }

  #unfollowOthers(rooms: readonly Room[]): void {
    const kept = new Set(rooms.map((room) => room.id));
    for (const roomId of [...this.#followed.keys()]) {
      if (!kept.has(roomId)) this.#unfollow(roomId);
    }
  }

  #unfollow(roomId: number): void {
    this.#followed.get(roomId)?.close();
    this.#followed.delete(roomId);
  }

  #applyMembership(event: UserEvent): void {
    this.#show(reduceMembership(this.getSnapshot().rooms, event));
    if (event.type === "room.added") this.#follow([event.room]);
    if (event.type === "room.removed") this.#unfollow(event.room_id);
  }

  #apply(roomId: number, event: ChatEvent): void {
    this.#show(reduceRooms(this.getSnapshot().rooms, roomId, event, this.realtime.identity.getSnapshot()));
  }

  #show(rooms: readonly Room[]): void {
    if (rooms === this.getSnapshot().rooms) return;
    const unreadTotal = rooms.reduce((total, room) => total + room.unread, 0);
    this.state.patch({ rooms, unreadTotal });
  }
}
