/** One tab of a site sends at a time: a Web Lock, or a lease in localStorage where pages have no Web Locks (plain http). */

import type { Clock } from "../core/types.ts";
import { uuidv7 } from "../core/uuid.ts";

export interface SendingLock {
  /** Runs `work` while no other tab runs any under the same name; waits for its turn. */
  hold(name: string, work: () => Promise<void>): Promise<void>;
}

export function sendingLock(clock: Clock): SendingLock {
  const locks = typeof navigator === "undefined" ? null : (navigator.locks as LockManager | null | undefined);
  if (typeof locks?.request !== "function") return new LeaseLock(clock);
  return {
    async hold(name, work) {
      await locks.request(name, work);
    },
  };
}

/** Longer than a command may wait for its reply, so that a lease is renewed in time; short enough for a tab that died. */
const LEASE_MS = 10_000;
const RENEW_MS = 3_000;
const ASK_AGAIN_MS = 500;

/**
 * The second best: two tabs that ask within the same instant may both get it. Then a message goes out twice, and the
 * server, which knows its `client_id`, keeps one.
 */
export class LeaseLock implements SendingLock {
  readonly #clock: Clock;
  readonly #owner = uuidv7();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async hold(name: string, work: () => Promise<void>): Promise<void> {
    while (!this.#take(name)) {
      await new Promise<void>((resolve) => this.#clock.setTimeout(resolve, ASK_AGAIN_MS));
    }
    let renewal: unknown;
    const renew = () => {
      this.#take(name);
      renewal = this.#clock.setTimeout(renew, RENEW_MS);
    };
    renewal = this.#clock.setTimeout(renew, RENEW_MS);
    try {
      await work();
    } finally {
      this.#clock.clearTimeout(renewal);
      this.#release(name);
    }
  }

  #take(name: string): boolean {
    try {
      const lease = JSON.parse(localStorage.getItem(name) ?? "null") as {
        owner: string;
        until: number;
      } | null;
      if (lease !== null && lease.owner !== this.#owner && lease.until > this.#clock.now()) return false;
      localStorage.setItem(name, JSON.stringify({ owner: this.#owner, until: this.#clock.now() + LEASE_MS }));
      return true;
    } catch {
      // Storage that is closed to this page, or holds rubbish, cannot keep anybody out.
      return true;
    }
  }

  #release(name: string): void {
    try {
      localStorage.removeItem(name);
    } catch {
      // See #take.
    }
  }
}
