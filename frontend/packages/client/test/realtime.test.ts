import { describe, expect, it } from "vitest";
import { InvalidArgumentError, RealtimeError } from "../src/core/errors.ts";
import { createRealtime } from "../src/core/realtime.ts";
import { silentLogger } from "../src/testing/index.ts";
import { recordingLogger, settle, snapshotsOf, world } from "./support.ts";

const states = (snapshots: readonly { state: string }[]) =>
  snapshots.map(({ state }) => state).filter((state, index, all) => state !== all[index - 1]);

describe("connecting", () => {
  it("goes online with a connection token bought with the sign-in token", async () => {
    const { server, open, token, anna } = world();
    const realtime = open(token);
    const seen = snapshotsOf(realtime);

    realtime.connect();
    await settle();

    expect(states(seen)).toEqual(["connecting", "online"]);
    expect(server.requests).toEqual(["POST /api/realtime/token/"]);
    expect(realtime.identity.getSnapshot()).toBe(anna.id);
  });

  it("asks to sign in, and dials nobody, without a token", async () => {
    const { server, open } = world();
    const realtime = open(null);
    realtime.connect();
    await settle();

    expect(realtime.getSnapshot()).toMatchObject({
      state: "signed-out",
      reason: { kind: "signed-out-missing" },
    });
    expect(server.requests).toEqual([]);
    expect(server.dialled).toEqual([]);
  });

  it("puts tokens neither into the address nor into the log", async () => {
    const { server, clock, open, token } = world();
    const logger = recordingLogger();
    const realtime = open(token, { logger });
    realtime.connect();
    await settle();
    server.drop();
    await clock.advance(5_000);
    server.revoke(token);
    await clock.advance(5_000);

    expect(realtime.getSnapshot().state).toBe("signed-out");
    expect(server.dialled.length).toBeGreaterThan(1);
    expect(new Set(server.dialled)).toEqual(new Set([server.url]));
    expect(logger.text()).toContain("connected");
    expect(logger.text()).not.toContain(token);
    expect(logger.text()).not.toContain("e30.");
  });

  it("makes one socket however often it is asked to connect", async () => {
    const { server, annaOnline } = world();
    const realtime = await annaOnline();
    realtime.connect();
    realtime.retryNow();
    await settle();

    expect(server.dialled).toHaveLength(1);
  });

  it("refuses a malformed address with a sentence that says what to change", () => {
    expect(() => createRealtime({ url: "localhost:8080", logger: silentLogger, tabs: "" })).toThrow(
      InvalidArgumentError,
    );
    expect(() => createRealtime({ url: "http://x/ws", logger: silentLogger, tabs: "" })).toThrow(/ws:\/\//);
  });
});

describe("an outage", () => {
  it("counts down to the next attempt, and comes back by itself", async () => {
    const { server, clock, annaOnline } = world();
    const realtime = await annaOnline();

    server.goDown();
    await settle();
    const lost = realtime.getSnapshot();
    expect(lost).toMatchObject({ state: "reconnecting", reason: { kind: "network" }, attempt: 1 });
    expect(lost.retryAt).toBe(clock.now() + (lost.retryInMs ?? Number.NaN));
    expect(lost.lostAt).toBe(clock.now());

    await clock.advance(15_000);
    expect(realtime.getSnapshot().state).toBe("reconnecting");
    expect(realtime.getSnapshot().attempt).toBeGreaterThan(5);

    server.goUp();
    await clock.advance(1_100);
    expect(realtime.getSnapshot()).toMatchObject({
      state: "online",
      lostAt: null,
      attempt: 0,
      retryAt: null,
    });
    expect(realtime.getSnapshot().lastOutageMs).toBeGreaterThanOrEqual(15_000);
  });

  it("never gives up: after a day it still tries", async () => {
    const { server, clock, annaOnline } = world();
    const realtime = await annaOnline({ minReconnectDelayMs: 500, maxReconnectDelayMs: 600_000 });
    server.goDown();
    await clock.advance(24 * 3_600_000);
    server.goUp();
    await clock.advance(600_000);

    expect(realtime.getSnapshot().state).toBe("online");
  });

  it("spreads attempts by jitter below the doubling bound", async () => {
    const { server, clock, annaOnline } = world();
    const realtime = await annaOnline({ minReconnectDelayMs: 500, maxReconnectDelayMs: 20_000 });
    const seen = snapshotsOf(realtime);
    server.goDown();
    await clock.advance(300_000);

    const delays = seen.map(({ retryInMs }) => retryInMs).filter((delay) => delay !== null);
    delays.forEach((delay, attempt) => {
      expect(delay).toBeLessThanOrEqual(Math.min(20_000, 500 + 500 * 2 ** attempt));
    });
    expect(new Set(delays).size).toBeGreaterThan(delays.length / 2);
  });

  it("does not sign anybody out, however long REST fails", async () => {
    const { server, clock, annaOnline, token } = world();
    const realtime = await annaOnline();
    server.expireConnectionTokens();
    server.answerWith("POST /api/realtime/token/", {
      status: 502,
      body: { error: { code: "backend_unreachable" } },
    });
    server.drop();
    await clock.advance(60_000);

    expect(realtime.getSnapshot()).toMatchObject({
      state: "reconnecting",
      reason: { kind: "server-unavailable", code: 502 },
    });
    expect(realtime.session.token()).toBe(token);

    server.answerAgain("POST /api/realtime/token/");
    await clock.advance(2_000);
    expect(realtime.getSnapshot().state).toBe("online");
  });

  it.each([
    ["the network returns", () => window.dispatchEvent(new Event("online"))],
    ["the window gets the focus", () => window.dispatchEvent(new Event("focus"))],
    ["the page becomes visible", () => document.dispatchEvent(new Event("visibilitychange"))],
  ])("tries at once when %s", async (_when, wake) => {
    const { server, clock, annaOnline } = world();
    const realtime = await annaOnline({ minReconnectDelayMs: 60_000, maxReconnectDelayMs: 120_000 });
    server.drop();
    await settle();
    expect(realtime.getSnapshot().retryInMs).toBeGreaterThanOrEqual(60_000);

    wake();
    await settle();
    expect(realtime.getSnapshot().state).toBe("online");
    expect(clock.now()).toBe(realtime.getSnapshot().since);
  });

  it("tries at once on Retry now", async () => {
    const { server, annaOnline } = world();
    const realtime = await annaOnline({ minReconnectDelayMs: 60_000, maxReconnectDelayMs: 120_000 });
    server.drop();
    await settle();
    realtime.retryNow();
    await settle();

    expect(realtime.getSnapshot().state).toBe("online");
  });

  it("says offline, not reconnecting, while the device has no network", async () => {
    const { server, annaOnline } = world();
    const realtime = await annaOnline({ minReconnectDelayMs: 60_000, maxReconnectDelayMs: 120_000 });
    server.isUp = false;
    window.dispatchEvent(new Event("offline"));
    await settle();
    expect(realtime.getSnapshot()).toMatchObject({ state: "offline", reason: { kind: "device-offline" } });

    server.goUp();
    window.dispatchEvent(new Event("online"));
    await settle();
    expect(realtime.getSnapshot()).toMatchObject({ state: "online", reason: null });
  });

  it("notices a connection over which no pings come any more", async () => {
    const { server, clock, annaOnline } = world();
    server.pingSeconds = 25;
    const realtime = await annaOnline();
    // Half open: the server's end is gone and nobody says so.
    server.sockets.clear();
    server.isUp = false;
    const seen = snapshotsOf(realtime);
    await clock.advance(36_000);

    expect(seen[1]).toMatchObject({ state: "reconnecting", reason: { kind: "no-ping" } });
  });

  it.each([
    [3001, "shutdown", "server-draining"],
    [3008, "slow", "too-slow"],
    [3012, "no pong", "no-ping"],
    [3013, "too many requests", "rate-limited"],
  ])("explains code %i of the server", async (code, reason, kind) => {
    const { server, clock, annaOnline } = world();
    const realtime = await annaOnline();
    server.drop(code, reason);
    await settle();
    expect(realtime.getSnapshot()).toMatchObject({
      state: "reconnecting",
      reason: { kind, code, message: reason },
    });

    await clock.advance(1_100);
    expect(realtime.getSnapshot().state).toBe("online");
  });
});

describe("being told not to come back", () => {
  it("stays away after a code that says so, although the close lost its reason, until somebody presses Retry now", async () => {
    const { server, clock, annaOnline } = world();
    const realtime = await annaOnline();
    server.drop(3504, "connection limit");
    await clock.advance(600_000);
    expect(realtime.getSnapshot()).toMatchObject({
      state: "offline",
      reason: { kind: "refused", code: 3504, message: "connection limit" },
    });
    expect(server.dialled).toHaveLength(1);

    realtime.retryNow();
    await settle();
    expect(realtime.getSnapshot().state).toBe("online");
  });

  it("tries once more with a fresh token when the connection token is not accepted", async () => {
    const { server, clock, annaOnline } = world();
    const realtime = await annaOnline();
    server.forgetConnectionTokens();
    server.drop();
    await clock.advance(1_100);

    expect(realtime.getSnapshot().state).toBe("online");
    expect(server.requests.filter((request) => request === "POST /api/realtime/token/")).toHaveLength(2);
  });

  it("does not hammer a server that refuses every fresh token", async () => {
    const { server, clock, open, token } = world();
    const accept = server.userOf.bind(server);
    server.userOf = (connectionToken) => {
      server.forgetConnectionTokens();
      return accept(connectionToken);
    };
    const realtime = open(token);
    realtime.connect();
    await clock.advance(600_000);

    expect(realtime.getSnapshot()).toMatchObject({
      state: "offline",
      reason: { kind: "refused", code: 3500 },
    });
    expect(server.dialled.length).toBeLessThanOrEqual(2);
  });

  it("comes back slowly after a code that may be a misunderstanding", async () => {
    const { server, clock, annaOnline } = world();
    const realtime = await annaOnline();
    server.drop(3502, "stale");
    await clock.advance(10_000);
    expect(realtime.getSnapshot()).toMatchObject({ state: "reconnecting", reason: { code: 3502 } });
    await clock.advance(40_000);

    expect(realtime.getSnapshot().state).toBe("online");
  });

  it("fetches a new connection token when the old one has expired", async () => {
    const { server, clock, annaOnline } = world();
    const realtime = await annaOnline();
    server.expireConnectionTokens();
    server.drop();
    await clock.advance(3_000);

    expect(realtime.getSnapshot().state).toBe("online");
  });
});

describe("signing in and out", () => {
  it("is signed out, with the reason, when the sign-in was revoked elsewhere; the token stays stored", async () => {
    const { server, clock, annaOnline, token } = world();
    const realtime = await annaOnline();
    server.revoke(token);
    await clock.advance(2_000);

    expect(realtime.getSnapshot()).toMatchObject({
      state: "signed-out",
      reason: { kind: "signed-out-revoked" },
    });
    expect(realtime.session.token()).toBe(token);
    expect(realtime.session.getSnapshot().signedIn).toBe(false);
  });

  it("tells an expired sign-in from a revoked one", async () => {
    const { server, clock, open, token } = world();
    server.expire(token);
    const realtime = open(token);
    realtime.connect();
    await clock.advance(1_000);

    expect(realtime.getSnapshot()).toMatchObject({
      state: "signed-out",
      reason: { kind: "signed-out-expired" },
    });
  });

  it("is signed out when any REST call finds the sign-in gone", async () => {
    const { server, annaOnline, token } = world();
    const realtime = await annaOnline();
    server.expire(token);
    await expect(realtime.api.get("/api/auth/me/")).rejects.toMatchObject({
      status: 401,
      code: "token_expired",
    });

    expect(realtime.getSnapshot()).toMatchObject({
      state: "signed-out",
      reason: { kind: "signed-out-expired" },
    });
  });

  it("takes over the language and the theme that were chosen on another device, and remembers them", async () => {
    const { server, annaOnline, anna, open, token } = world();
    const realtime = await annaOnline();
    await realtime.session.loadUser();
    server.publish(`user:#${anna.id}`, {
      type: "preferences.changed",
      at: new Date().toISOString(),
      language: "en",
      theme: "dark",
    });
    await settle();
    expect(realtime.session.getSnapshot().user).toMatchObject({ id: anna.id, language: "en", theme: "dark" });
    expect(open(token).session.getSnapshot().user).toMatchObject({ language: "en", theme: "dark" });
  });

  it("asks anew who is signed in when the page wants to know for certain", async () => {
    const { annaOnline, anna } = world();
    const realtime = await annaOnline();
    const known = await realtime.session.loadUser();
    expect(await realtime.session.loadUser()).toBe(known);
    const fresh = await realtime.session.refreshUser();
    expect(fresh).not.toBe(known);
    expect(fresh).toMatchObject({ id: anna.id });
  });

  it("connects after signing in with name and password", async () => {
    const { open, anna } = world();
    const realtime = open(null);
    realtime.connect();
    await expect(realtime.session.signIn("anna", "wrong")).rejects.toMatchObject({ status: 401 });
    expect(realtime.getSnapshot().state).toBe("signed-out");

    await expect(realtime.session.signIn("anna", "demo")).resolves.toMatchObject({ id: anna.id });
    await settle();
    expect(realtime.getSnapshot().state).toBe("online");
    expect(realtime.session.getSnapshot()).toMatchObject({
      signedIn: true,
      userId: anna.id,
      user: { username: "anna" },
    });
  });

  it("disconnects after signing out, and forgets the token even if the server cannot be told", async () => {
    const { server, annaOnline } = world();
    const realtime = await annaOnline();
    server.goDown();
    await realtime.session.signOut();

    expect(realtime.session.token()).toBeNull();
    expect(realtime.getSnapshot()).toMatchObject({
      state: "signed-out",
      reason: { kind: "signed-out-missing" },
    });
    expect(realtime.identity.getSnapshot()).toBeNull();
  });

  it("opens a connection of its own for the next person", async () => {
    const { server, annaOnline, boris } = world();
    const realtime = await annaOnline();
    realtime.session.adopt(server.tokenFor(boris.id), boris);
    await settle();

    expect(realtime.getSnapshot().state).toBe("online");
    expect([...server.sockets].map(({ userId }) => userId)).toEqual([boris.id]);
  });

  it("notices from the connection token that somebody else's sign-in was stored", async () => {
    const { server, open, anna, boris } = world();
    let stored = server.tokenFor(anna.id);
    const realtime = open(null, { tokenStorage: { get: () => stored, set() {}, clear() {} } });
    realtime.connect();
    await settle();
    expect(realtime.identity.getSnapshot()).toBe(anna.id);

    stored = server.tokenFor(boris.id);
    realtime.session.reload();
    await settle();
    expect(realtime.identity.getSnapshot()).toBe(boris.id);
    expect([...server.sockets].map(({ userId }) => userId)).toEqual([boris.id]);
  });
});

describe("rpc", () => {
  it("gives the result, and errors with their code", async () => {
    const { server, annaOnline } = world();
    const realtime = await annaOnline();
    await expect(realtime.rpc("ping", {})).resolves.toHaveProperty("at");

    server.failNext("ping", 400, "room: is required");
    const failure = await realtime.rpc("ping", {}).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RealtimeError);
    expect(failure).toMatchObject({ code: 400, message: "room: is required", temporary: false });
  });

  it("waits for the connection, up to the time limit", async () => {
    const { server, clock, annaOnline } = world();
    const realtime = await annaOnline({ timeoutMs: 5_000 });
    server.goDown();
    await settle();
    const late = realtime.rpc("ping", {});
    const tooLate = expect(realtime.rpc("chat.delete", { id: 1 })).rejects.toMatchObject({ code: 404 });
    await clock.advance(1_000);
    server.goUp();
    await clock.advance(1_100);
    await expect(late).resolves.toHaveProperty("at");
    await tooLate;

    server.goDown();
    await settle();
    const lost = expect(realtime.rpc("ping", {})).rejects.toMatchObject({ code: 1, temporary: true });
    await clock.advance(5_100);
    await lost;
  });

  it("fails at once when nobody is signed in", async () => {
    const { open } = world();
    const realtime = open(null);
    realtime.connect();
    await expect(realtime.rpc("ping", {})).rejects.toMatchObject({ code: 101 });
  });
});
