/** Where unsent messages are kept: IndexedDB, so that they survive a reload; memory where a browser has none to give. */

import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import type { Logger } from "../core/types.ts";

/** A message as it is kept; "sending" is not a state worth keeping, a page may be closed at any moment. */
export interface OutboxEntry {
  readonly clientId: string;
  readonly userId: number;
  readonly roomId: number;
  readonly text: string;
  readonly replyTo: number | null;
  readonly attachmentIds: readonly number[];
  readonly createdAt: number;
  readonly attempts: number;
  /** Set when the server refused it for good. */
  readonly error: { readonly code: number; readonly message: string } | null;
}

/** Entries of one user come back in the order of their `clientId`, which is the order in which they were written (UUIDv7). */
export interface OutboxStorage {
  readonly durable: boolean;
  entriesOf(userId: number): Promise<OutboxEntry[]>;
  get(clientId: string): Promise<OutboxEntry | undefined>;
  put(entry: OutboxEntry): Promise<void>;
  delete(clientId: string): Promise<void>;
}

export class MemoryStorage implements OutboxStorage {
  readonly durable = false;
  readonly #entries = new Map<string, OutboxEntry>();

  async entriesOf(userId: number): Promise<OutboxEntry[]> {
    const mine = [...this.#entries.values()].filter((entry) => entry.userId === userId);
    return mine.sort((left, right) => (left.clientId < right.clientId ? -1 : 1));
  }

  async get(clientId: string): Promise<OutboxEntry | undefined> {
    return this.#entries.get(clientId);
  }

  async put(entry: OutboxEntry): Promise<void> {
    this.#entries.set(entry.clientId, entry);
  }

  async delete(clientId: string): Promise<void> {
    this.#entries.delete(clientId);
  }
}

interface OutboxDatabase extends DBSchema {
  entries: { key: string; value: OutboxEntry; indexes: { user: [number, string] } };
}

export class IndexedDbStorage implements OutboxStorage {
  readonly durable = true;
  readonly #database: IDBPDatabase<OutboxDatabase>;

  private constructor(database: IDBPDatabase<OutboxDatabase>) {
    this.#database = database;
  }

  static async open(name = "vestnik"): Promise<IndexedDbStorage> {
    const database = await openDB<OutboxDatabase>(name, 1, {
      upgrade(fresh) {
        const entries = fresh.createObjectStore("entries", { keyPath: "clientId" });
        entries.createIndex("user", ["userId", "clientId"]);
      },
    });
    return new IndexedDbStorage(database);
  }

  entriesOf(userId: number): Promise<OutboxEntry[]> {
    return this.#database.getAllFromIndex(
      "entries",
      "user",
      IDBKeyRange.bound([userId, ""], [userId, "\uffff"]),
    );
  }

  get(clientId: string): Promise<OutboxEntry | undefined> {
    return this.#database.get("entries", clientId);
  }

  async put(entry: OutboxEntry): Promise<void> {
    // Acknowledged only once it is on the disk, where the browser knows the difference.
    const transaction = this.#database.transaction("entries", "readwrite", { durability: "strict" });
    await Promise.all([transaction.store.put(entry), transaction.done]);
  }

  async delete(clientId: string): Promise<void> {
    await this.#database.delete("entries", clientId);
  }
}

/** IndexedDB opened at first use; when it cannot be, memory for the life of the page, and a warning on the console. */
export function openOutboxStorage(logger: Pick<Logger, "warn">): OutboxStorage {
  return new LazyStorage(logger);
}

class LazyStorage implements OutboxStorage {
  readonly #logger: Pick<Logger, "warn">;
  #opened: Promise<OutboxStorage> | null = null;
  durable = typeof indexedDB !== "undefined";

  constructor(logger: Pick<Logger, "warn">) {
    this.#logger = logger;
  }

  async entriesOf(userId: number): Promise<OutboxEntry[]> {
    return (await this.#open()).entriesOf(userId);
  }

  async get(clientId: string): Promise<OutboxEntry | undefined> {
    return (await this.#open()).get(clientId);
  }

  async put(entry: OutboxEntry): Promise<void> {
    return (await this.#open()).put(entry);
  }

  async delete(clientId: string): Promise<void> {
    return (await this.#open()).delete(clientId);
  }

  #open(): Promise<OutboxStorage> {
    this.#opened ??= this.#tryIndexedDb();
    return this.#opened;
  }

  async #tryIndexedDb(): Promise<OutboxStorage> {
    if (typeof indexedDB === "undefined") return new MemoryStorage();
    try {
      return await IndexedDbStorage.open();
    } catch (error) {
      this.durable = false;
      this.#logger.warn("[Outbox] IndexedDB is not available: a reload loses what was not sent", {
        reason: String(error),
      });
      return new MemoryStorage();
    }
  }
}
