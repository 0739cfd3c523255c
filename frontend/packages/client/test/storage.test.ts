import "fake-indexeddb/auto";
import { IDBFactory } from "fake-indexeddb";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { uuidv7 } from "../src/core/uuid.ts";
import {
  IndexedDbStorage,
  MemoryStorage,
  type OutboxEntry,
  openOutboxStorage,
} from "../src/outbox/storage.ts";

const entry = (fields: Partial<OutboxEntry> = {}): OutboxEntry => ({
  clientId: uuidv7(),
  userId: 1,
  roomId: 7,
  text: "hello",
  replyTo: null,
  attachmentIds: [],
  createdAt: 0,
  attempts: 0,
  error: null,
  ...fields,
});

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
});

describe.each([
  ["memory", async () => new MemoryStorage()],
  ["IndexedDB", () => IndexedDbStorage.open()],
  ["what a page opens", async () => openOutboxStorage(console)],
])("the storage in %s", (_name, open) => {
  it("gives one user's entries back in the order in which they were written", async () => {
    const storage = await open();
    const [first, second, third] = [
      entry({ text: "1" }),
      entry({ text: "2", userId: 2 }),
      entry({ text: "3" }),
    ];
    for (const written of [third, first, second]) await storage.put(written);
    expect(await storage.entriesOf(1)).toEqual([first, third]);
    expect(await storage.entriesOf(3)).toEqual([]);
  });

  it("replaces, finds and deletes by client_id", async () => {
    const storage = await open();
    const written = entry();
    await storage.put(written);
    await storage.put({ ...written, text: "changed" });
    expect(await storage.get(written.clientId)).toMatchObject({ text: "changed" });
    await storage.delete(written.clientId);
    await storage.delete(written.clientId);
    expect(await storage.get(written.clientId)).toBeUndefined();
  });
});

it("keeps entries over a reload in IndexedDB", async () => {
  const written = entry();
  await (await IndexedDbStorage.open()).put(written);
  expect(await (await IndexedDbStorage.open()).entriesOf(1)).toEqual([written]);
});

it("falls back to memory, with a warning, where IndexedDB cannot be opened", async () => {
  vi.spyOn(indexedDB, "open").mockImplementation(() => {
    throw new DOMException("The operation is insecure", "SecurityError");
  });
  const logger = { warn: vi.fn() };
  const storage = openOutboxStorage(logger);
  const written = entry();
  await storage.put(written);

  expect(await storage.entriesOf(1)).toEqual([written]);
  expect(storage.durable).toBe(false);
  expect(logger.warn).toHaveBeenCalledWith(expect.stringContaining("[Outbox]"), expect.anything());
});
