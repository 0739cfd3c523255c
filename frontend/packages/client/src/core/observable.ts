/** A value that can be watched, and a set of listeners none of which can break the others. */

import type { ReadableStore, Unsubscribe } from "./types.ts";

/**
 * Listeners of one kind of event. A listener that throws is reported to the page (`reportError`) and the others still
 * run: an exception inside an event of the `centrifuge` library would end the connection.
 */
export class Listeners<T> {
  readonly #listeners = new Set<(value: T) => void>();

  get size(): number {
    return this.#listeners.size;
  }

  add(listener: (value: T) => void): Unsubscribe {
    // The same function may be added twice, and each has its own way out.
    const entry = (value: T) => listener(value);
    this.#listeners.add(entry);
    return () => {
      this.#listeners.delete(entry);
    };
  }

  emit(value: T): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(value);
      } catch (error) {
        reportException(error);
      }
    }
  }

  clear(): void {
    this.#listeners.clear();
  }
}

/** Shows an exception as the page would show an uncaught one, without stopping the caller. */
export function reportException(error: unknown): void {
  if (typeof globalThis.reportError === "function") {
    globalThis.reportError(error);
  } else {
    console.error(error);
  }
}

/** Holds one immutable value; `subscribe` and `getSnapshot` may be passed around unbound. */
export class Observable<T> implements ReadableStore<T> {
  #value: T;
  readonly #listeners = new Listeners<void>();

  constructor(value: T) {
    this.#value = value;
  }

  readonly getSnapshot = (): T => this.#value;

  readonly subscribe = (listener: () => void): Unsubscribe => this.#listeners.add(listener);

  /** Replaces the value; the same object again tells nobody. */
  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    this.#listeners.emit();
  }

  /** Replaces some fields; fields that are what they were tell nobody. */
  patch(fields: Partial<T>): void {
    const current = this.#value;
    const changed = (Object.keys(fields) as (keyof T)[]).some((key) => !Object.is(fields[key], current[key]));
    if (changed) this.set({ ...current, ...fields });
  }
}
