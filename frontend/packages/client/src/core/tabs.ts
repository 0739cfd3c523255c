/** The tabs of one site tell each other what changed; where BroadcastChannel is missing, each tab is on its own. */

import { Listeners } from "./observable.ts";
import type { Unsubscribe } from "./types.ts";

export type TabMessage =
  /** Somebody signed in or out: read the storage again. */
  | { readonly type: "session" }
  /** The outbox of a user changed; `sending` lists what the telling tab sends right now. */
  | { readonly type: "outbox"; readonly userId: number; readonly sending: readonly string[] };

export class Tabs {
  readonly #channel: BroadcastChannel | null;
  readonly #listeners = new Listeners<TabMessage>();

  constructor(name: string) {
    this.#channel = name !== "" && typeof BroadcastChannel === "function" ? new BroadcastChannel(name) : null;
    if (this.#channel !== null) {
      this.#channel.onmessage = (event: MessageEvent<TabMessage>) => this.#listeners.emit(event.data);
      // Node keeps a process alive for an open channel; a browser has no such method.
      (this.#channel as { unref?: () => void }).unref?.();
    }
  }

  /** To the other tabs, never to this one. */
  tell(message: TabMessage): void {
    this.#channel?.postMessage(message);
  }

  listen(listener: (message: TabMessage) => void): Unsubscribe {
    return this.#listeners.add(listener);
  }

  close(): void {
    this.#listeners.clear();
    this.#channel?.close();
  }
}
