/** A clock that a test turns: for the `clock` option of a realtime, or installed in place of the global timers. */

import type { Clock } from "../core/types.ts";

interface Timer {
  readonly id: number;
  readonly callback: () => void;
  at: number;
  readonly everyMs: number | null;
}

export class FakeClock implements Clock {
  #now: number;
  #nextId = 1;
  readonly #timers = new Map<number, Timer>();

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#now = startMs;
  }

  now(): number {
    return this.#now;
  }

  setTimeout(callback: () => void, delayMs: number): number {
    return this.#add(callback, delayMs, null);
  }

  clearTimeout(timer: unknown): void {
    this.#timers.delete(timer as number);
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#timers.size;
  }

  /**
   * Moves time forward, running what falls due in order, and lets promises settle before, between and after.
   */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (;;) {
      const next = [...this.#timers.values()]
        .filter((timer) => timer.at <= end)
        .sort((left, right) => left.at - right.at || left.id - right.id)[0];
      if (next === undefined) break;
      this.#now = Math.max(this.#now, next.at);
      if (next.everyMs === null) this.#timers.delete(next.id);
      else next.at += Math.max(1, next.everyMs);
      next.callback();
      await settle();
    }
    this.#now = end;
    await settle();
  }

  /** Puts this clock in place of `setTimeout`, `setInterval` and `Date.now`. Returns the way back. */
  install(): () => void {
    const { setTimeout, clearTimeout, setInterval, clearInterval } = globalThis;
    const dateNow = Date.now;
    const globals = globalThis as unknown as Record<string, unknown>;
    globals.setTimeout = (callback: () => void, delayMs = 0) => this.#add(callback, delayMs, null);
    globals.setInterval = (callback: () => void, delayMs = 0) => this.#add(callback, delayMs, delayMs);
    globals.clearTimeout = (timer: unknown) => this.clearTimeout(timer);
    globals.clearInterval = (timer: unknown) => this.clearTimeout(timer);
    Date.now = () => this.#now;
    return () => {
      Object.assign(globals, { setTimeout, clearTimeout, setInterval, clearInterval });
      Date.now = dateNow;
    };
  }

  #add(callback: () => void, delayMs: number, everyMs: number | null): number {
    const id = this.#nextId++;
    this.#timers.set(id, { id, callback, at: this.#now + Math.max(0, delayMs), everyMs });
    return id;
  }
}

/** Lets everything happen that waits for promises alone. */
export async function settle(turns = 400): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
}
