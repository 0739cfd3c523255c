/** "I have read up to here": forwards only, at most once a second per room, shown at once and told when there is a connection. */

import { RealtimeError } from "../core/errors.ts";
import type { RealtimeClient } from "../core/realtime.ts";
import type { RoomsStore } from "./rooms.ts";

const INTERVAL_MS = 1_000;

interface Pointer {
  /** The furthest that is to be told; 0 when all was told. */
  wanted: number;
  /** The furthest that the server has confirmed to this tab. */
  told: number;
  timer: unknown;
}

export class ReadPointers {
  readonly #realtime: RealtimeClient;
  readonly #rooms: RoomsStore;
  readonly #pointers = new Map<number, Pointer>();

  constructor(realtime: RealtimeClient, rooms: RoomsStore) {
    this.#realtime = realtime;
    this.#rooms = rooms;
    realtime.identity.subscribe(() => this.#forget());
    realtime.subscribe(() => {
      if (realtime.isOnline) this.#tellAll();
    });
  }

  /** Moves my pointer of a room to `seq`; one that is not further than what is known changes nothing. */
  move(roomId: number, seq: number): void {
    const me = this.#realtime.identity.getSnapshot();
    const pointer = this.#pointers.get(roomId) ?? { wanted: 0, told: 0, timer: null };
    const known = Math.max(pointer.wanted, pointer.told, this.#rooms.room(roomId)?.last_read_seq ?? 0);
    if (me === null || !Number.isInteger(seq) || seq <= known) return;
    this.#pointers.set(roomId, pointer);
    pointer.wanted = seq;
    this.#rooms.movePointer(roomId, me, seq);
    if (pointer.timer === null) this.#tell(roomId, pointer);
  }

  #tellAll(): void {
    for (const [roomId, pointer] of this.#pointers) {
      if (pointer.timer === null && pointer.wanted > pointer.told) this.#tell(roomId, pointer);
    }
  }

  #tell(roomId: number, pointer: Pointer): void {
    if (!this.#realtime.isOnline) return;
    const seq = pointer.wanted;
    pointer.timer = this.#realtime.clock.setTimeout(() => {
      pointer.timer = null;
      if (pointer.wanted > pointer.told) this.#tell(roomId, pointer);
    }, INTERVAL_MS);
    this.#realtime.rpc("chat.read", { room: roomId, seq }).then(
      (result) => {
        pointer.told = Math.max(pointer.told, result.seq, seq);
      },
      (problem: unknown) => {
        const { code, message, temporary } = RealtimeError.from(problem);
        this.#realtime.logger.warn("[ChatWebSocket] read pointer not moved", {
          room: roomId,
          seq,
          code,
          reason: message,
        });
        // What will not heal is not said again: the room is gone, or the number makes no sense to the server.
        if (!temporary) pointer.told = Math.max(pointer.told, seq);
      },
    );
  }

  #forget(): void {
    for (const { timer } of this.#pointers.values()) this.#realtime.clock.clearTimeout(timer);
    this.#pointers.clear();
  }
}
