/** Chat as a service: a typed view on the one connection. It owns no socket, no timer and no reconnect counter. */

import { InvalidArgumentError } from "../core/errors.ts";
import type { RealtimeClient } from "../core/realtime.ts";
import type { SendOptions, Unsubscribe } from "../core/types.ts";
import type { ChatEvent, Message, Reaction, Room, RoomFacts, UserEvent, UserRef } from "../payloads.ts";
import { chatOf } from "../stores/chat.ts";
import type { RoomStore } from "../stores/room.ts";
import type { RoomsStore } from "../stores/rooms.ts";

export class ChatWebSocketService {
  readonly #realtime: () => RealtimeClient;
  readonly #connected = new Map<number, Unsubscribe>();

  constructor(realtime: () => RealtimeClient) {
    this.#realtime = realtime;
  }

  /**
   * Opens a room: loads its history and keeps it live until `disconnectFromRoom`. Several rooms may be open at once;
   * opening one twice changes nothing. Starts the connection if need be.
   *
   * Returns the room's store, whose snapshot a view can show.
   */
  connectToRoom(roomId: number): RoomStore {
    const realtime = this.#realtime();
    const store = chatOf(realtime).room(roomId);
    if (this.#connected.has(roomId)) return store;
    realtime.logger.info("[ChatWebSocket] Connecting to room:", {
      roomId,
      hasToken: realtime.session.token() !== null,
    });
    const logState = watchRoom(realtime, store);
    const close = store.open();
    this.#connected.set(roomId, () => {
      logState();
      close();
    });
    realtime.connect();
    return store;
  }

  /** Closes one room, or all that this service has opened. The connection stays. */
  disconnectFromRoom(roomId?: number): void {
    for (const id of roomId === undefined ? [...this.#connected.keys()] : [roomId]) {
      const close = this.#connected.get(id);
      if (close === undefined) continue;
      this.#connected.delete(id);
      this.#realtime().logger.info("[ChatWebSocket] Disconnecting from room:", { roomId: id });
      close();
    }
  }

  /**
   * Puts a message into the outbox, from where it is sent once, in order, when there is a connection, also after a reload.
   * Resolves with its `client_id` as soon as it is kept.
   *
   * Rejects with `InvalidArgumentError` (empty or too long), `OutboxFullError`, or `RealtimeError` 101 (nobody signed in).
   */
  sendMessage(roomId: number, text: string, options?: SendOptions): Promise<string>;
  sendMessage(message: { roomId: number; text: string } & SendOptions): Promise<string>;
  sendMessage(
    target: number | ({ roomId: number; text: string } & SendOptions),
    text = "",
    options: SendOptions = {},
  ): Promise<string> {
    const message = typeof target === "number" ? { roomId: target, text, ...options } : target;
    const realtime = this.#realtime();
    chatOf(realtime).typing.sent(message.roomId);
    return realtime.outbox.add(message.roomId, message.text, message);
  }

  /** To be called at each key stroke, and with false when the text is cleared; told to the others at most every 3 s. */
  sendTyping(roomId: number, typing = true): void {
    chatOf(this.#realtime()).typing.set(roomId, typing);
  }

  /** Moves my read pointer forward: shown at once, told at most once a second, never backwards. */
  markRead(roomId: number, seq: number): void {
    chatOf(this.#realtime()).pointers.move(roomId, seq);
  }

  /** Changes the text of a stored message of one's own. Rejects with `RealtimeError`. */
  async editMessage(messageId: number, text: string): Promise<void> {
    if (text.trim() === "") throw new InvalidArgumentError("text", "must not be empty");
    const { message } = await this.#realtime().rpc("chat.edit", { id: messageId, text });
    this.#applyLocally({ type: "message.edited", at: message.edited_at ?? message.created_at, message });
  }

  /** Leaves a tombstone. Rejects with `RealtimeError`. */
  async deleteMessage(messageId: number): Promise<void> {
    const { message } = await this.#realtime().rpc("chat.delete", { id: messageId });
    const at = message.deleted_at ?? message.created_at;
    const { id, seq } = message;
    this.#applyLocally({ type: "message.deleted", at, id, seq, deleted_at: at }, message.room);
  }

  /** Puts an emoji on a message, or takes one's own away. Rejects with `RealtimeError`. */
  async react(messageId: number, emoji: string, on = true): Promise<void> {
    const { message_id, reactions } = await this.#realtime().rpc("chat.react", { id: messageId, emoji, on });
    const message = chatOf(this.#realtime()).loadedMessage(message_id);
    if (message === null) return;
    const at = new Date(this.#realtime().clock.now()).toISOString();
    this.#applyLocally(
      { type: "reaction.changed", at, message_id, seq: message.seq, reactions },
      message.room,
    );
  }

  /** The store of a room, without opening it. */
  room(roomId: number): RoomStore {
    return chatOf(this.#realtime()).room(roomId);
  }

  /** The store of the list of rooms, without opening it. */
  rooms(): RoomsStore {
    return chatOf(this.#realtime()).rooms;
  }

  /** Each message of each followed room once, in the order of `seq`; one's own too. */
  onMessage(listener: (message: Message) => void): Unsubscribe {
    return this.#on("message.created", ({ message }) => listener(message));
  }

  onMessageEdited(listener: (message: Message) => void): Unsubscribe {
    return this.#on("message.edited", ({ message }) => listener(message));
  }

  onMessageDeleted(listener: (deleted: { roomId: number; id: number; seq: number }) => void): Unsubscribe {
    return this.#on("message.deleted", ({ id, seq }, roomId) => listener({ roomId, id, seq }));
  }

  onReaction(
    listener: (change: { roomId: number; messageId: number; reactions: readonly Reaction[] }) => void,
  ): Unsubscribe {
    return this.#on("reaction.changed", (event, roomId) =>
      listener({ roomId, messageId: event.message_id, reactions: event.reactions }),
    );
  }

  /** Says when somebody starts or stops typing in an open room; a store's `typing` also forgets those who fell silent. */
  onTyping(listener: (typing: { roomId: number; userId: number; typing: boolean }) => void): Unsubscribe {
    return chatOf(this.#realtime()).typingEvents.add(({ roomId, event }) => {
      if (event?.type === "typing") listener({ roomId, userId: event.user_id, typing: event.typing });
    });
  }

  onRead(listener: (read: { roomId: number; userId: number; seq: number }) => void): Unsubscribe {
    return this.#on("read.moved", (event, roomId) =>
      listener({ roomId, userId: event.user_id, seq: event.seq }),
    );
  }

  onMember(
    listener: (change: { roomId: number; userId: number; user: UserRef | null; joined: boolean }) => void,
  ): Unsubscribe {
    const stops = [
      this.#on("member.joined", ({ user }, roomId) =>
        listener({ roomId, userId: user.id, user, joined: true }),
      ),
      this.#on("member.left", (event, roomId) =>
        listener({ roomId, userId: event.user_id, user: null, joined: false }),
      ),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }

  onRoomAdded(listener: (room: Room) => void): Unsubscribe {
    return this.#onMembership((event) => {
      if (event.type === "room.added") listener(event.room);
    });
  }

  onRoomRemoved(listener: (roomId: number) => void): Unsubscribe {
    return this.#onMembership((event) => {
      if (event.type === "room.removed") listener(event.room_id);
    });
  }

  onRoomUpdated(listener: (room: RoomFacts) => void): Unsubscribe {
    const stops = [
      this.#on("room.updated", ({ room }) => listener(room)),
      this.#onMembership((event) => {
        if (event.type === "room.updated") listener(event.room);
      }),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }

  /** Subscriptions that the server ended or refused; `roomId` is that of the channel. */
  onError(listener: (problem: { roomId: number | null; code: number; reason: string }) => void): Unsubscribe {
    return this.#realtime().channels.closures.add(({ channel, code, reason }) => {
      const [namespace, id] = channel.split(":");
      if (namespace === "chat" || namespace === "typing") listener({ roomId: Number(id), code, reason });
    });
  }

  #on<T extends ChatEvent["type"]>(
    type: T,
    listener: (event: Extract<ChatEvent, { type: T }>, roomId: number) => void,
  ): Unsubscribe {
    return chatOf(this.#realtime()).events.add(({ roomId, event }) => {
      if (event?.type === type) listener(event as Extract<ChatEvent, { type: T }>, roomId);
    });
  }

  #onMembership(listener: (event: UserEvent) => void): Unsubscribe {
    return chatOf(this.#realtime()).membershipEvents.add(listener);
  }

  #applyLocally(event: ChatEvent, roomId = "message" in event ? event.message.room : 0): void {
    chatOf(this.#realtime()).applyLocally(roomId, event);
  }
}

/** Says on the console when a room became live, was cut off, or was refused. */
function watchRoom(realtime: RealtimeClient, store: RoomStore): Unsubscribe {
  const { roomId } = store;
  let wasLive = false;
  const stopState = store.subscribe(() => {
    const { live } = store.getSnapshot();
    if (live === wasLive) return;
    wasLive = live;
    if (live) realtime.logger.info("[ChatWebSocket] Connected to room:", { roomId });
    else realtime.logger.warn("[ChatWebSocket] Room is not live:", { roomId });
  });
  const stopClosures = realtime.channels.closures.add(({ channel, code, reason }) => {
    if (channel === `chat:${roomId}`) {
      realtime.logger.error("[ChatWebSocket] Room was closed:", { roomId, code, reason });
    }
  });
  return () => {
    stopState();
    stopClosures();
  };
}
