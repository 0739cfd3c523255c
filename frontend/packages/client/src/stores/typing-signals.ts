/** "I am typing": said again while it lasts, but seldom; lost without harm. */

import type { RealtimeClient } from "../core/realtime.ts";

/** Others take somebody to have stopped after 5 s: said every 3 s, one that is lost does no harm. */
const REPEAT_MS = 3_000;

export class TypingSignals {
  readonly #realtime: RealtimeClient;
  /** When typing was last said, per room; absent when not typing. */
  readonly #said = new Map<number, number>();

  constructor(realtime: RealtimeClient) {
    this.#realtime = realtime;
    realtime.identity.subscribe(() => this.#said.clear());
  }

  /** To be called at each key stroke with true, and with false when the text was sent or cleared. */
  set(roomId: number, typing: boolean): void {
    const now = this.#realtime.clock.now();
    const said = this.#said.get(roomId);
    const isSaid = said !== undefined && now - said < REPEAT_MS;
    if (!this.#realtime.isOnline || (typing ? isSaid : said === undefined)) return;
    if (typing) this.#said.set(roomId, now);
    else this.#said.delete(roomId);
    this.#realtime.rpc("chat.typing", { room: roomId, typing }).catch(() => {
      // Nobody is worse off for not knowing.
    });
  }

  /** A sent message says "stopped" by itself: the others drop the sign at its arrival. */
  sent(roomId: number): void {
    this.#said.delete(roomId);
  }
}
