import { afterEach, expect, it, vi } from "vitest";
import { createRealtime, type RealtimeClient } from "../src/core/realtime.ts";
import { localTokenStorage } from "../src/core/session.ts";
import { FakeServer, MemoryStorage } from "../src/testing/index.ts";

const open: RealtimeClient[] = [];

afterEach(() => {
  for (const realtime of open.splice(0)) realtime.dispose();
  localStorage.clear();
});

/** Two tabs of one browser: one localStorage, one outbox, and a real BroadcastChannel between them. */
function twoTabs() {
  const server = new FakeServer();
  const anna = server.addPerson("anna");
  const roomId = server.addRoom([anna.id]);
  const outboxStorage = new MemoryStorage();
  const tab = () => {
    const options = server.options(null, {
      tokenStorage: localTokenStorage(),
      outboxStorage,
      tabs: "test-tabs",
    });
    const realtime = createRealtime({ ...options, minReconnectDelayMs: 5, maxReconnectDelayMs: 10 });
    open.push(realtime);
    realtime.connect();
    return realtime;
  };
  return { server, anna, roomId, one: tab(), two: tab() };
}

const state = (realtime: RealtimeClient) => realtime.getSnapshot().state;

it("signing in and out in one tab reaches the others", async () => {
  const { one, two, anna } = twoTabs();
  expect(state(two)).toBe("signed-out");
  await one.session.signIn("anna", "demo");
  await vi.waitFor(() => expect([state(one), state(two)]).toEqual(["online", "online"]));
  expect(two.session.getSnapshot()).toMatchObject({ userId: anna.id, user: { username: "anna" } });
  expect(localStorage.getItem("auth_token")).toMatch(/^token-/);

  await two.session.signOut();
  await vi.waitFor(() => expect(state(one)).toBe("signed-out"));
  expect(one.getSnapshot().reason?.kind).toBe("signed-out-missing");
  expect(localStorage.getItem("auth_token")).toBeNull();
});

it("what is written in one tab is shown as pending in the other, until it is sent", async () => {
  const { server, one, two, roomId } = twoTabs();
  await one.session.signIn("anna", "demo");
  await vi.waitFor(() => expect(state(two)).toBe("online"));
  server.goDown();
  await vi.waitFor(() => expect(state(one)).toBe("reconnecting"));
  await one.outbox.add(roomId, "hello");
  await vi.waitFor(() =>
    expect(two.outbox.getSnapshot()).toMatchObject([{ text: "hello", state: "queued" }]),
  );

  server.goUp();
  await vi.waitFor(
    () => expect([...one.outbox.getSnapshot(), ...two.outbox.getSnapshot()]).toEqual([]),
    5_000,
  );
  expect(server.messagesOf(roomId).map(({ text }) => text)).toEqual(["hello"]);
});

it("a token that the page itself stored is noticed at the next connect", async () => {
  const { server, one, anna } = twoTabs();
  localStorage.setItem("auth_token", server.tokenFor(anna.id));
  one.connect();
  await vi.waitFor(() => expect(state(one)).toBe("online"));
});
