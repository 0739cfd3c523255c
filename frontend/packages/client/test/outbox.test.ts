import { describe, expect, it } from "vitest";
import { LeaseLock } from "../src/outbox/lock.ts";
import { MAX_WAITING, OutboxFullError } from "../src/outbox/outbox.ts";
import { chatOf } from "../src/stores/chat.ts";
import { MemoryStorage } from "../src/testing/index.ts";
import { settle, snapshotsOf, world } from "./support.ts";

const said = ({ server, roomId }: ReturnType<typeof world>) =>
  server.messagesOf(roomId).map(({ text }) => text);

describe("sending", () => {
  it("shows the message at once, as its echo replaces it, never twice and never not at all", async () => {
    const made = world();
    const realtime = await made.annaOnline();
    const store = chatOf(realtime).room(made.roomId);
    store.open();
    await settle();
    const seen = snapshotsOf(store);

    const clientId = await realtime.outbox.add(made.roomId, "hello");
    await settle();

    const copies = seen.map(
      ({ messages, pending }) =>
        messages.filter((message) => message.client_id === clientId).length +
        pending.filter((entry) => entry.clientId === clientId).length,
    );
    expect(copies[0]).toBe(0);
    expect(new Set(copies.slice(copies.indexOf(1)))).toEqual(new Set([1]));
    expect(seen.some(({ pending }) => pending[0]?.state === "sending")).toBe(true);
    expect(store.getSnapshot()).toMatchObject({ pending: [], unread: 0 });
    expect(said(made)).toEqual(["hello"]);
  });

  it("keeps what is written offline and sends it in order when the connection is back", async () => {
    const made = world();
    const realtime = await made.annaOnline();
    const other = made.server.addRoom([made.anna.id, made.boris.id], { kind: "group" });
    made.server.goDown();
    await settle();
    for (let number = 1; number <= 20; number += 1) {
      await realtime.outbox.add(number % 2 === 0 ? other : made.roomId, `m${number}`);
    }
    await settle();
    expect(realtime.outbox.getSnapshot().map(({ state }) => state)).toEqual(Array(20).fill("queued"));

    made.server.goUp();
    await made.clock.advance(3_000);
    expect(realtime.outbox.getSnapshot()).toEqual([]);
    expect(said(made)).toEqual([1, 3, 5, 7, 9, 11, 13, 15, 17, 19].map((number) => `m${number}`));
    expect(made.server.messagesOf(other).map(({ text }) => text)).toEqual(
      [2, 4, 6, 8, 10, 12, 14, 16, 18, 20].map((number) => `m${number}`),
    );
  });

  it("sends again with the same client_id when the reply was lost, and the server keeps one", async () => {
    const made = world();
    const realtime = await made.annaOnline();
    made.server.loseReplyTo("chat.send", 2);
    const clientId = await realtime.outbox.add(made.roomId, "once");
    await realtime.outbox.add(made.roomId, "then this");
    await made.clock.advance(10_000);

    expect(realtime.outbox.getSnapshot()).toEqual([]);
    expect(said(made)).toEqual(["once", "then this"]);
    const sends = made.server.calls.filter(({ method }) => method === "chat.send");
    expect(
      sends.filter(({ params }) => (params as { client_id: string }).client_id === clientId),
    ).toHaveLength(3);
  });

  it("takes the echo for the answer when that comes by the room's channel", async () => {
    const made = world();
    const realtime = await made.annaOnline();
    chatOf(realtime).room(made.roomId).open();
    await settle();
    made.server.loseReplyTo("chat.send");
    await realtime.outbox.add(made.roomId, "echoed");
    await settle();
    expect(realtime.getSnapshot().state).toBe("reconnecting");
    await made.clock.advance(1_100);

    expect(realtime.outbox.getSnapshot()).toEqual([]);
    expect(said(made)).toEqual(["echoed"]);
  });

  it("survives a reload of the page, also offline", async () => {
    const made = world();
    const outboxStorage = new MemoryStorage();
    const first = await made.annaOnline({ outboxStorage });
    made.server.goDown();
    await settle();
    await first.outbox.add(made.roomId, "before the reload");
    first.dispose();

    const second = made.open(made.token, { outboxStorage });
    second.connect();
    await settle();
    // The remembered user belongs to the stored token, so the page knows whose messages to show without a network.
    expect(second.outbox.getSnapshot()).toMatchObject([{ text: "before the reload", state: "queued" }]);
    made.server.goUp();
    await made.clock.advance(3_000);
    expect(said(made)).toEqual(["before the reload"]);
  });

  it("shows nobody what another person wrote, and sends it only for them", async () => {
    const made = world();
    const outboxStorage = new MemoryStorage();
    const realtime = await made.annaOnline({ outboxStorage });
    made.server.goDown();
    await settle();
    await realtime.outbox.add(made.roomId, "Anna's");
    await realtime.session.signOut();
    made.server.goUp();
    realtime.session.adopt(made.server.tokenFor(made.boris.id), made.boris);
    await made.clock.advance(5_000);
    expect(realtime.getSnapshot().state).toBe("online");
    expect(realtime.outbox.getSnapshot()).toEqual([]);
    expect(said(made)).toEqual([]);

    realtime.session.adopt(made.server.tokenFor(made.anna.id), made.anna);
    await made.clock.advance(5_000);
    expect(made.server.messagesOf(made.roomId)).toMatchObject([
      { text: "Anna's", sender: { id: made.anna.id } },
    ]);
  });

  it("keeps what was written although the sign-in was revoked, and sends it after signing in again", async () => {
    const made = world();
    const realtime = await made.annaOnline();
    made.server.revoke(made.token);
    await made.clock.advance(1_000);
    expect(realtime.getSnapshot().state).toBe("signed-out");
    await realtime.outbox.add(made.roomId, "written while signed out");
    await realtime.session.signIn("anna", "demo");
    await made.clock.advance(1_000);

    expect(said(made)).toEqual(["written while signed out"]);
  });
});

describe("a refusal", () => {
  it("marks the message failed, lets the next ones pass, and leaves the choice to a person", async () => {
    const made = world();
    const realtime = await made.annaOnline();
    const { outbox } = realtime;
    made.server.failNext("chat.send", 103, "permission denied");
    made.server.failNext("chat.send", 400, "text: too rude");
    const denied = await outbox.add(made.roomId, "denied");
    const rude = await outbox.add(made.roomId, "rude");
    await outbox.add(made.roomId, "fine");
    await settle();
    expect(said(made)).toEqual(["fine"]);
    expect(outbox.getSnapshot()).toMatchObject([
      { text: "denied", state: "failed", error: { code: 103, message: "permission denied" } },
      { text: "rude", state: "failed", error: { code: 400, message: "text: too rude" } },
    ]);

    await outbox.retry(denied);
    await outbox.edit(rude, "polite");
    await settle();
    expect(said(made)).toEqual(["fine", "denied", "polite"]);
    expect(outbox.getSnapshot()).toEqual([]);
  });

  it("that may heal is waited out, and the order is kept", async () => {
    const made = world();
    const realtime = await made.annaOnline();
    made.server.failNext("chat.send", 111, "too many requests", true);
    made.server.failNext("chat.send", 100, "internal server error", true);
    await realtime.outbox.add(made.roomId, "one");
    await realtime.outbox.add(made.roomId, "two");
    await settle();
    expect(realtime.outbox.getSnapshot().map(({ state }) => state)).toEqual(["queued", "queued"]);
    await made.clock.advance(10_000);

    expect(said(made)).toEqual(["one", "two"]);
  });

  it("can be answered by throwing the message away, for good", async () => {
    const made = world();
    const outboxStorage = new MemoryStorage();
    const realtime = await made.annaOnline({ outboxStorage });
    made.server.failNext("chat.send", 404, "room not found");
    const clientId = await realtime.outbox.add(made.roomId, "never mind");
    await settle();
    await realtime.outbox.discard(clientId);
    await settle();

    expect(realtime.outbox.getSnapshot()).toEqual([]);
    expect(await outboxStorage.entriesOf(made.anna.id)).toEqual([]);
    await expect(realtime.outbox.retry(clientId)).rejects.toThrow(/clientId/);
  });
});

describe("bad input", () => {
  it.each([
    ["an empty text", "", "text"],
    ["blanks", " \n ", "text"],
    ["a text that is too long", "я".repeat(10_001), "text"],
  ])("%s is refused, and the error names the field", async (_what, text, field) => {
    const made = world();
    const realtime = await made.annaOnline();
    await expect(realtime.outbox.add(made.roomId, text)).rejects.toMatchObject({ field });
    expect(realtime.outbox.getSnapshot()).toEqual([]);
  });

  it("counts characters, not UTF-16 units, and takes the longest that the server takes", async () => {
    const made = world();
    const realtime = await made.annaOnline();
    await realtime.outbox.add(made.roomId, "😀".repeat(10_000));
    await settle();
    expect(said(made)).toHaveLength(1);
  });

  it.each([0, -1, 1.5, Number.NaN])("room %d is refused", async (roomId) => {
    const made = world();
    const realtime = await made.annaOnline();
    await expect(realtime.outbox.add(roomId, "hello")).rejects.toMatchObject({ field: "roomId" });
  });

  it("nobody's message is not kept", async () => {
    const made = world();
    const realtime = made.open(null);
    await expect(realtime.outbox.add(made.roomId, "hello")).rejects.toMatchObject({ code: 101 });
  });

  it("is full at some point, and says so", async () => {
    const made = world();
    const realtime = await made.annaOnline();
    made.server.goDown();
    await settle(20);
    for (let number = 0; number < MAX_WAITING; number += 1)
      await realtime.outbox.add(made.roomId, `m${number}`);
    await expect(realtime.outbox.add(made.roomId, "one too many")).rejects.toBeInstanceOf(OutboxFullError);
  });
});

describe("two tabs", () => {
  it("send what both wrote, each message once, in order", async () => {
    const made = world();
    const outboxStorage = new MemoryStorage();
    const one = await made.annaOnline({ outboxStorage });
    const two = await made.annaOnline({ outboxStorage });
    made.server.goDown();
    await settle();
    await one.outbox.add(made.roomId, "from one");
    await two.outbox.add(made.roomId, "from two");
    await one.outbox.add(made.roomId, "from one again");
    made.server.goUp();
    await made.clock.advance(10_000);

    expect(said(made)).toEqual(["from one", "from two", "from one again"]);
    expect(await outboxStorage.entriesOf(made.anna.id)).toEqual([]);
  });

  it("take turns by a lease where the page has no Web Locks, and one that died is waited for no longer than that", async () => {
    const { clock } = world();
    const order: string[] = [];
    const one = new LeaseLock(clock);
    const two = new LeaseLock(clock);
    const pause = (ms: number) => new Promise<void>((resolve) => clock.setTimeout(() => resolve(), ms));
    void one.hold("sending", async () => {
      order.push("one begins");
      await pause(20_000);
      order.push("one ends");
    });
    void two.hold("sending", async () => {
      order.push("two begins");
    });
    await clock.advance(19_000);
    expect(order).toEqual(["one begins"]);
    await clock.advance(2_000);
    expect(order).toEqual(["one begins", "one ends", "two begins"]);

    localStorage.setItem(
      "sending",
      JSON.stringify({ owner: "a tab that died", until: clock.now() + 10_000 }),
    );
    void one.hold("sending", async () => {
      order.push("one again");
    });
    await clock.advance(9_000);
    expect(order).toHaveLength(3);
    await clock.advance(2_000);
    expect(order).toHaveLength(4);
  });
});
