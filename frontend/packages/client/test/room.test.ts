import { describe, expect, it } from "vitest";
import { createRealtime } from "../src/core/realtime.ts";
import { chatOf } from "../src/stores/chat.ts";
import type { RoomStore } from "../src/stores/room.ts";
import { recordingLogger, settle, type World, world } from "./support.ts";

const texts = (store: RoomStore) => store.getSnapshot().messages.map(({ text }) => text);

async function openRoom(options: { before?: (world: World) => void } = {}) {
  const made = world();
  options.before?.(made);
  const realtime = await made.annaOnline();
  const store = chatOf(realtime).room(made.roomId);
  const close = store.open();
  await settle();
  return { ...made, realtime, store, close };
}

const say =
  (count: number, from = 1) =>
  (made: World) => {
    for (let number = from; number < from + count; number += 1) {
      made.server.say(made.boris.id, made.roomId, `m${number}`);
    }
  };

describe("opening a room", () => {
  it("shows the newest page, then what is said, once and in order", async () => {
    const { server, store, boris, roomId } = await openRoom({ before: say(3) });
    expect(store.getSnapshot()).toMatchObject({
      status: "ready",
      live: true,
      hasOlder: false,
      unread: 3,
      lastSeq: 3,
    });

    server.say(boris.id, roomId, "m4");
    server.say(boris.id, roomId, "m5");
    await settle();
    expect(texts(store)).toEqual(["m1", "m2", "m3", "m4", "m5"]);
  });

  it("misses nothing that is said between the snapshot and the subscription", async () => {
    const { server, roomId, boris, annaOnline } = world();
    server.say(boris.id, roomId, "before");
    const realtime = await annaOnline();
    const answer = server.fetch;
    const slow: typeof fetch = async (input, init) => {
      const response = await answer(input, init);
      if (String(input).includes("/messages/")) server.say(boris.id, roomId, "between");
      return response;
    };
    (server as { fetch: typeof fetch }).fetch = slow;
    const eager = createOn(server, realtime.session.token(), slow);
    eager.connect();
    await settle();
    const store = chatOf(eager).room(roomId);
    store.open();
    await settle();

    expect(texts(store)).toEqual(["before", "between"]);
    eager.dispose();
  });

  it("pages back to the beginning", async () => {
    const { store } = await openRoom({ before: say(120) });
    expect(store.getSnapshot()).toMatchObject({ hasOlder: true });
    expect(store.getSnapshot().messages).toHaveLength(50);

    await store.loadOlder();
    expect(store.getSnapshot().messages).toHaveLength(100);
    await Promise.all([store.loadOlder(), store.loadOlder()]);
    expect(store.getSnapshot()).toMatchObject({ hasOlder: false, loadingOlder: false });
    expect(store.getSnapshot().messages.map(({ seq }) => seq)).toEqual(
      Array.from({ length: 120 }, (_, index) => index + 1),
    );
  });

  it("tries again by itself when the snapshot cannot be loaded, and says so meanwhile", async () => {
    const { server, clock, store, roomId } = await openRoom({
      before: ({ server, roomId }) =>
        server.answerWith(`GET /api/chat/rooms/${roomId}/messages/`, { status: 503, body: {} }),
    });
    expect(store.getSnapshot()).toMatchObject({ status: "failed", error: { code: 503 } });

    server.answerAgain(`GET /api/chat/rooms/${roomId}/messages/`);
    await clock.advance(1_000);
    expect(store.getSnapshot()).toMatchObject({ status: "ready", error: null });
  });

  it("is gone, not broken, where the server knows no such room", async () => {
    const { annaOnline } = world();
    const realtime = await annaOnline();
    const store = chatOf(realtime).room(999);
    store.open();
    await settle();
    expect(store.getSnapshot()).toMatchObject({ status: "failed", gone: true, error: { code: 404 } });
  });

  it("outlives the moment between two views, and unsubscribes after it", async () => {
    const { server, clock, store, close, roomId } = await openRoom();
    const isSubscribed = () => [...server.sockets].some(({ channels }) => channels.has(`typing:${roomId}`));
    close();
    await clock.advance(500);
    const again = store.open();
    await clock.advance(10_000);
    expect(isSubscribed()).toBe(true);

    again();
    await clock.advance(10_000);
    expect(isSubscribed()).toBe(false);
  });
});

describe("after an outage", () => {
  it("resumes: what was missed comes once, in order, without loading the room again", async () => {
    const { server, clock, realtime, store, boris, roomId } = await openRoom({ before: say(2) });
    const requests = server.requests.length;
    server.drop();
    say(3, 3)({ server, boris, roomId } as World);
    await clock.advance(1_100);

    expect(texts(store)).toEqual(["m1", "m2", "m3", "m4", "m5"]);
    expect(server.requests).toHaveLength(requests);
    expect(realtime.getSnapshot().caughtUp).toBe(3);
  });

  it("loads the room again when the log no longer covers what was missed", async () => {
    const { server, clock, realtime, store, boris, roomId } = await openRoom({ before: say(2) });
    const message = server.messagesOf(roomId)[0];
    server.drop();
    say(3, 3)({ server, boris, roomId } as World);
    server.call(boris.id, "chat.edit", { id: message?.id, text: "edited meanwhile" });
    server.prune(`chat:${roomId}`);
    await clock.advance(3_000);

    expect(texts(store)).toEqual(["edited meanwhile", "m2", "m3", "m4", "m5"]);
    expect(realtime.getSnapshot().caughtUp).toBe(3);
  });

  it("does not load it again when the log is gone but nothing was missed", async () => {
    const { server, clock, store, roomId } = await openRoom({ before: say(2) });
    const requests = server.requests.length;
    server.drop();
    server.prune(`chat:${roomId}`);
    await clock.advance(3_000);

    expect(store.getSnapshot().live).toBe(true);
    expect(server.requests).toHaveLength(requests);
  });

  it("keeps what was scrolled back to when it loads again, and learns of edits there", async () => {
    const { server, clock, store, boris, roomId } = await openRoom({ before: say(90) });
    await store.loadOlder();
    const first = server.messagesOf(roomId)[0];
    server.drop();
    server.call(boris.id, "chat.edit", { id: first?.id, text: "old but edited" });
    server.prune(`chat:${roomId}`);
    await clock.advance(3_000);

    expect(store.getSnapshot().messages).toHaveLength(90);
    expect(texts(store)[0]).toBe("old but edited");
  });

  it("keeps showing the room while it cannot be loaded again", async () => {
    const { server, clock, store, boris, roomId } = await openRoom({ before: say(2) });
    server.answerWith(`GET /api/chat/rooms/${roomId}/messages/`, { status: 503, body: {} });
    server.drop();
    server.say(boris.id, roomId, "m3");
    server.prune(`chat:${roomId}`);
    await clock.advance(3_000);
    expect(store.getSnapshot()).toMatchObject({ status: "ready" });
    expect(texts(store)).toEqual(["m1", "m2"]);

    server.answerAgain(`GET /api/chat/rooms/${roomId}/messages/`);
    await clock.advance(10_000);
    expect(texts(store)).toEqual(["m1", "m2", "m3"]);
  });

  it("loads again rather than show a hole, should a message be missing", async () => {
    const { server, store, boris, roomId } = await openRoom({ before: say(2) });
    const silent = server.publish;
    server.publish = () => undefined;
    server.say(boris.id, roomId, "m3");
    server.publish = silent;
    server.say(boris.id, roomId, "m4");
    await settle();

    expect(texts(store)).toEqual(["m1", "m2", "m3", "m4"]);
  });
});

describe("what happens in a room", () => {
  it("applies edits, deletions and reactions of others", async () => {
    const { server, store, boris, roomId } = await openRoom({ before: say(3) });
    const [first, second, third] = server.messagesOf(roomId);
    server.call(boris.id, "chat.edit", { id: first?.id, text: "changed" });
    server.call(boris.id, "chat.delete", { id: second?.id });
    server.call(boris.id, "chat.react", { id: third?.id, emoji: "👍", on: true });
    await settle();

    const [edited, deleted, reacted] = store.getSnapshot().messages;
    expect(edited).toMatchObject({ text: "changed", edited_at: expect.any(String) });
    expect(deleted).toMatchObject({ seq: 2, text: "", deleted_at: expect.any(String) });
    expect(reacted?.reactions).toEqual([{ emoji: "👍", count: 1, user_ids: [boris.id] }]);
  });

  it("moves the read pointers of members", async () => {
    const { server, store, boris, roomId } = await openRoom({ before: say(3) });
    server.call(boris.id, "chat.read", { room: roomId, seq: 2 });
    await settle();
    expect(store.getSnapshot().read[boris.id]).toBe(2);
  });

  it("shows who types until they stop, say something, or fall silent for 5 s", async () => {
    const { server, clock, store, anna, boris, roomId } = await openRoom();
    const types = (typing: boolean, userId = boris.id) =>
      server.call(userId, "chat.typing", { room: roomId, typing });
    types(true);
    types(true, anna.id);
    await settle();
    expect(store.getSnapshot().typing).toEqual([boris.id]);
    types(false);
    await settle();
    expect(store.getSnapshot().typing).toEqual([]);

    types(true);
    await clock.advance(3_000);
    types(true);
    await clock.advance(4_900);
    expect(store.getSnapshot().typing).toEqual([boris.id]);
    await clock.advance(200);
    expect(store.getSnapshot().typing).toEqual([]);

    types(true);
    server.say(boris.id, roomId, "here it is");
    await settle();
    expect(store.getSnapshot().typing).toEqual([]);
  });

  it("is gone at once for somebody who is removed", async () => {
    const { server, realtime, store, anna, roomId } = await openRoom({ before: say(1) });
    server.removeMember(roomId, anna.id);
    await settle();
    expect(store.getSnapshot()).toMatchObject({ gone: true, live: false, room: null });
    expect(chatOf(realtime).rooms.getSnapshot().rooms).toEqual([]);

    server.say(server.addPerson("cyril").id, roomId, "unheard");
    await settle();
    expect(texts(store)).toEqual(["m1"]);
  });

  it("forgets everything when another person signs in", async () => {
    const { server, clock, realtime, store, boris, roomId } = await openRoom({ before: say(2) });
    const secret = server.addRoom([boris.id]);
    realtime.session.adopt(server.tokenFor(boris.id), boris);
    expect(store.getSnapshot().messages).toEqual([]);
    await clock.advance(1_000);

    expect(texts(store)).toEqual(["m1", "m2"]);
    expect(
      chatOf(realtime)
        .rooms.getSnapshot()
        .rooms.map(({ id }) => id)
        .sort(),
    ).toEqual([roomId, secret].sort());
  });

  it("keeps the same snapshot object while nothing changes", async () => {
    const { realtime, store } = await openRoom({ before: say(2) });
    const before = store.getSnapshot();
    await chatOf(realtime).rooms.refetch();
    await settle();
    expect(store.getSnapshot().messages).toBe(before.messages);
  });
});

describe("my read pointer", () => {
  it("is shown at once and told at most once a second, never backwards", async () => {
    const { server, clock, realtime, store, anna, roomId } = await openRoom({ before: say(10) });
    const { pointers } = chatOf(realtime);
    const told = () =>
      server.calls
        .filter(({ method }) => method === "chat.read")
        .map(({ params }) => (params as { seq: number }).seq);

    for (const seq of [1, 2, 3, 7, 5]) pointers.move(roomId, seq);
    expect(store.getSnapshot()).toMatchObject({ lastReadSeq: 7, unread: 3 });
    await clock.advance(999);
    expect(told()).toEqual([1]);
    await clock.advance(1);
    expect(told()).toEqual([1, 7]);

    pointers.move(roomId, 6);
    await clock.advance(5_000);
    expect(told()).toEqual([1, 7]);
    expect(store.getSnapshot().read[anna.id]).toBe(7);
  });

  it("waits for the connection, and is told when it is back", async () => {
    const { server, clock, realtime, store, roomId } = await openRoom({ before: say(4) });
    server.goDown();
    await settle();
    chatOf(realtime).pointers.move(roomId, 4);
    expect(store.getSnapshot().unread).toBe(0);
    await clock.advance(5_000);
    server.goUp();
    await clock.advance(2_000);

    expect(server.roomFor(realtime.identity.getSnapshot() ?? 0, roomId).last_read_seq).toBe(4);
    expect(store.getSnapshot()).toMatchObject({ lastReadSeq: 4, unread: 0 });
  });

  it("follows the pointer that another device moved", async () => {
    const { server, realtime, store, roomId, anna } = await openRoom({ before: say(4) });
    server.call(anna.id, "chat.read", { room: roomId, seq: 3 });
    await settle();
    expect(store.getSnapshot()).toMatchObject({ lastReadSeq: 3, unread: 1 });
    expect(chatOf(realtime).rooms.getSnapshot().unreadTotal).toBe(1);
  });
});

describe("the list of rooms", () => {
  it("follows every room: previews, order, unread counts and their total", async () => {
    const { server, anna, boris, roomId, annaOnline } = world();
    const group = server.addRoom([anna.id, boris.id], { kind: "group", title: "Class" });
    const realtime = await annaOnline();
    const { rooms } = chatOf(realtime);
    rooms.open();
    await settle();

    server.say(boris.id, group, "one");
    server.say(boris.id, group, "two");
    server.say(boris.id, roomId, "three");
    server.say(anna.id, roomId, "from my phone");
    await settle();
    const { unreadTotal, rooms: list } = rooms.getSnapshot();
    expect(unreadTotal).toBe(3);
    expect(list.map(({ id, unread, last_message }) => [id, unread, last_message?.text])).toEqual(
      [
        [roomId, 1, "from my phone"],
        [group, 2, "two"],
      ].sort((left, right) => (left[0] === list[0]?.id ? -1 : right[0] === list[0]?.id ? 1 : 0)),
    );
  });

  it("gains a room that somebody adds me to, live at once, and loses one that I am removed from", async () => {
    const { server, anna, boris, annaOnline } = world();
    const realtime = await annaOnline();
    const { rooms } = chatOf(realtime);
    rooms.open();
    await settle();

    const added = server.addRoom([anna.id, boris.id], { kind: "group", title: "New" });
    await settle();
    server.say(boris.id, added, "welcome");
    await settle();
    expect(rooms.room(added)).toMatchObject({ title: "New", unread: 1 });

    server.removeMember(added, anna.id);
    await settle();
    expect(rooms.room(added)).toBeNull();
  });

  it("learns of a room that was added between the page's first request and its connection", async () => {
    const { server, anna, boris, open, token } = world();
    const realtime = open(token);
    const { rooms } = chatOf(realtime);
    rooms.open();
    await settle();
    const added = server.addRoom([anna.id, boris.id]);
    realtime.connect();
    await settle();

    expect(rooms.room(added)).not.toBeNull();
  });

  it("does not lose an unread count to a list that was loaded while a message arrived", async () => {
    const { server, clock, boris, roomId, annaOnline } = world();
    const realtime = await annaOnline();
    const { rooms } = chatOf(realtime);
    rooms.open();
    await settle();
    const reload = rooms.refetch();
    server.say(boris.id, roomId, "during");
    await reload;
    await clock.advance(100);

    expect(rooms.room(roomId)).toMatchObject({ unread: 1, last_message: { text: "during" } });
  });
});

it("logs neither what people say nor tokens", async () => {
  const made = world();
  const logger = recordingLogger();
  const realtime = await made.annaOnline({ logger });
  chatOf(realtime).room(made.roomId).open();
  await settle();
  made.server.say(made.boris.id, made.roomId, "a secret between us");
  made.server.failNext("chat.send", 400, "no");
  await realtime.outbox.add(made.roomId, "another secret");
  await settle();

  expect(logger.text()).not.toContain("secret");
  expect(logger.text()).not.toContain(made.token);
});

function createOn(server: World["server"], token: string | null, fetch: typeof globalThis.fetch) {
  return createRealtime(server.options(token, { fetch }));
}
