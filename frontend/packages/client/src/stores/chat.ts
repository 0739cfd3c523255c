/** Everything of chat that belongs to one realtime: the list, the open rooms, the read pointers on their way. */

import { Listeners } from "../core/observable.ts";
import type { RealtimeClient } from "../core/realtime.ts";
import type { ChatEvent, Message, TypingEvent, UserEvent } from "../payloads.ts";
import { ReadPointers } from "./read-pointers.ts";
import { RoomStore } from "./room.ts";
import { RoomsStore } from "./rooms.ts";
import { TypingSignals } from "./typing-signals.ts";

const chats = new WeakMap<RealtimeClient, Chat>();

/** The chat of a realtime, made at first use. */
export function chatOf(realtime: RealtimeClient): Chat {
  let chat = chats.get(realtime);
  if (chat === undefined) {
    chat = new Chat(realtime);
    chats.set(realtime, chat);
  }
  return chat;
}

export class Chat {
  readonly rooms: RoomsStore;
  readonly pointers: ReadPointers;
  readonly typing: TypingSignals;
  /** Each event of each followed room once; `message.created` in the order of `seq`, also when it came with a snapshot. */
  readonly events = new Listeners<{ readonly roomId: number; readonly event: ChatEvent }>();
  readonly typingEvents = new Listeners<{ readonly roomId: number; readonly event: TypingEvent }>();
  readonly membershipEvents = new Listeners<UserEvent>();

  readonly #realtime: RealtimeClient;
  readonly #stores = new Map<number, RoomStore>();
  readonly #announced = new Map<number, number>();

  constructor(realtime: RealtimeClient) {
    this.#realtime = realtime;
    this.rooms = new RoomsStore(realtime);
    this.pointers = new ReadPointers(realtime, this.rooms);
    this.typing = new TypingSignals(realtime);
    realtime.outbox.watch(realtime.channels);
    realtime.channels.publications.add(({ channel, data }) => this.#route(channel, data));
    realtime.identity.subscribe(() => this.#announced.clear());
    this.membershipEvents.add((event) => {
      // Somebody let back in looks at a room that was gone.
      if (event.type === "room.added") void this.#stores.get(event.room.id)?.refetch();
    });
  }

  /** The store of a room; the same one for everybody who asks. */
  room(roomId: number): RoomStore {
    let store = this.#stores.get(roomId);
    if (store === undefined) {
      store = new RoomStore(this.#realtime, this.rooms, roomId, (messages) =>
        this.#reloaded(roomId, messages),
      );
      this.#stores.set(roomId, store);
    }
    return store;
  }

  /** Shows a change that a reply confirmed, wherever its message is shown. */
  applyLocally(roomId: number, event: ChatEvent): void {
    this.#stores.get(roomId)?.applyLocally(event);
    this.rooms.applyLocally(roomId, event);
  }

  /** A message of any room that is loaded; null when it is not. */
  loadedMessage(messageId: number): Message | null {
    for (const store of this.#stores.values()) {
      const message = store.getSnapshot().messages.find(({ id }) => id === messageId);
      if (message !== undefined) return message;
    }
    return null;
  }

  #route(channel: string, data: unknown): void {
    if (channel.startsWith("chat:")) this.#announce(Number(channel.slice(5)), data as ChatEvent);
    else if (channel.startsWith("typing:")) {
      this.typingEvents.emit({ roomId: Number(channel.slice(7)), event: data as TypingEvent });
    } else if (channel.startsWith("user:#")) this.membershipEvents.emit(data as UserEvent);
  }

  #reloaded(roomId: number, messages: readonly Message[]): void {
    let missed = 0;
    for (const message of messages) {
      if (this.#announce(roomId, { type: "message.created", at: message.created_at, message })) missed += 1;
    }
    this.#realtime.noteCaughtUp(missed);
  }

  /** Whether it was news. */
  #announce(roomId: number, event: ChatEvent): boolean {
    if (event.type === "message.created") {
      const { seq } = event.message;
      if (seq <= (this.#announced.get(roomId) ?? 0)) return false;
      this.#announced.set(roomId, seq);
    }
    this.events.emit({ roomId, event });
    return true;
  }
}
