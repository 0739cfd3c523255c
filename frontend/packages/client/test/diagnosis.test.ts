import { describe, expect, it, vi } from "vitest";
import { RealtimeClient, type RealtimeOptions } from "../src/core/realtime.ts";
import { diagnose } from "../src/diagnosis/diagnose.ts";
import { DIAGNOSIS_REASONS, diagnosisText } from "../src/diagnosis/texts.ts";
import { memoryTokenStorage, silentLogger } from "../src/testing/index.ts";
import { settle, world } from "./support.ts";

interface Surroundings {
  page?: string;
  url?: string;
  token?: string | null;
  /** Path → answer; a path that is not named gets none. */
  answers?: Record<string, [status: number, body: string, type?: string]>;
  /** Addresses at which a socket opens. */
  sockets?: string[];
}

const JSON_TYPE = "application/json";
const PAGE = { "/": [200, "<!doctype html>", "text/html"] } as const;
const ME = { "/api/auth/me/": [200, "{}", JSON_TYPE] } as const;

function refusal(status: number, code: string): [number, string, string] {
  return [status, JSON.stringify({ error: { code, message: code } }), JSON_TYPE];
}

function examine(surroundings: Surroundings) {
  const {
    page = "http://localhost:8080/",
    url = "ws://localhost:8080/ws",
    answers = {},
    sockets = [],
  } = surroundings;
  vi.stubGlobal("location", new URL(page));
  const fetch = (async (input) => {
    const [status, body, type = JSON_TYPE] = answers[new URL(String(input), page).pathname] ?? [0, ""];
    if (status === 0) throw new TypeError("Failed to fetch");
    return new Response(body, { status, headers: { "Content-Type": type } });
  }) as RealtimeOptions["fetch"];
  class Socket extends EventTarget {
    onopen?: () => void;
    onerror?: () => void;
    onclose?: (event: { code: number; reason: string }) => void;
    constructor(address: string) {
      super();
      queueMicrotask(() => {
        if (sockets.includes(address)) this.onopen?.();
        else this.onerror?.();
      });
    }
    close() {}
    send() {}
  }
  const token = surroundings.token === undefined ? "a-good-token" : surroundings.token;
  const realtime = new RealtimeClient({
    url,
    fetch,
    WebSocket: Socket as unknown as typeof WebSocket,
    tokenStorage: memoryTokenStorage(token),
    logger: silentLogger,
    tabs: "",
  } as RealtimeOptions);
  return diagnose({ realtime, language: "en" }).finally(() => {
    realtime.dispose();
    vi.unstubAllGlobals();
    vi.unstubAllEnvs();
  });
}

const well = { ...PAGE, ...ME } as unknown as NonNullable<Surroundings["answers"]>;

describe("the diagnosis", () => {
  it.each<[string, Surroundings]>([
    ["signed-out-missing", { token: null, answers: well }],
    ["token-malformed", { token: "undefined", answers: well }],
    ["token-malformed", { token: '"quoted"', answers: well }],
    ["token-malformed", { answers: { ...well, "/api/auth/me/": refusal(401, "token_malformed") } }],
    ["signed-out-expired", { answers: { ...well, "/api/auth/me/": refusal(401, "token_expired") } }],
    ["signed-out-revoked", { answers: { ...well, "/api/auth/me/": refusal(401, "token_revoked") } }],
    ["page-server-down", {}],
    ["network", { page: "https://school.example/", url: "wss://school.example/ws" }],
    ["backend-down", { answers: { ...well, "/api/auth/me/": refusal(502, "backend_unreachable") } }],
    ["backend-down", { answers: { ...well, "/api/auth/me/": [500, "", "text/plain"] } }],
    ["backend-down", { answers: { ...well, "/api/auth/me/": [504, "<html>", "text/html"] } }],
    ["backend-unhealthy", { answers: { ...well, "/api/auth/me/": refusal(500, "internal") } }],
    ["backend-unhealthy", { answers: { ...well, "/api/auth/me/": refusal(503, "unavailable") } }],
    [
      "backend-is-another-program",
      { answers: { ...well, "/api/auth/me/": [200, "<!doctype html>", "text/html"] } },
    ],
    ["host-refused", { answers: { ...well, "/api/auth/me/": [400, "<h1>Bad Request</h1>", "text/html"] } }],
    ["rate-limited", { answers: { ...well, "/api/auth/me/": refusal(429, "too_many_requests") } }],
    [
      "insecure-url-on-secure-page",
      { page: "https://school.example/", url: "ws://school.example/ws", answers: well },
    ],
    ["url-path-missing-ws", { url: "ws://localhost:8080/", answers: well }],
    ["url-bypasses-proxy", { url: "ws://localhost:8000/ws", answers: well }],
    [
      "url-bypasses-proxy",
      { url: "ws://localhost:9999/ws", answers: well, sockets: ["ws://localhost:8080/ws"] },
    ],
    ["origin-refused", { url: "ws://other.example/ws", answers: well }],
    ["origin-refused", { answers: { ...well, "/ws": [403, "", "text/plain"] } }],
    ["proxy-does-not-upgrade", { answers: { ...well, "/ws": [200, "<!doctype html>", "text/html"] } }],
    ["proxy-does-not-upgrade", { answers: { ...well, "/ws": [426, "", "text/plain"] } }],
    ["ok", { answers: well, sockets: ["ws://localhost:8080/ws"] }],
  ])("%s", async (reason, surroundings) => {
    const diagnosis = await examine(surroundings);
    expect(diagnosis).toMatchObject({ reason, ...diagnosisText(diagnosis.reason, "en") });
    expect(diagnosis.details.length).toBeGreaterThan(0);
    expect(JSON.stringify(diagnosis)).not.toContain("a-good-token");
  });

  it("names a malformed VITE_WEBSOCKET_URL and says what to write", async () => {
    vi.stubEnv("VITE_WEBSOCKET_URL", "localhost:8080/ws");
    const diagnosis = await examine({ answers: well });
    expect(diagnosis).toMatchObject({ reason: "url-malformed" });
    expect(diagnosis.details.map(({ outcome }) => outcome).join()).toContain("ws://localhost:8080/ws");
  });

  it("says that the device is offline when even the page's server is out of reach", async () => {
    vi.spyOn(navigator, "onLine", "get").mockReturnValue(false);
    expect(await examine({ page: "https://school.example/", url: "wss://school.example/ws" })).toMatchObject({
      reason: "device-offline",
    });
  });

  it.each([
    [3001, "shutdown", "server-draining"],
    [3013, "too many requests", "rate-limited"],
    [3504, "connection limit", "refused"],
  ])("falls back on what the server said last (%i) when the way is free", async (code, text, reason) => {
    const { server, annaOnline } = world();
    vi.stubGlobal("location", new URL("http://fake.test/"));
    server.answerWith("HEAD /", { status: 200 });
    const realtime = await annaOnline({ minReconnectDelayMs: 60_000, maxReconnectDelayMs: 60_000 });
    server.drop(code, text);
    await settle();
    expect(await diagnose({ realtime, language: "ru" })).toMatchObject({ reason });
    vi.unstubAllGlobals();
  });

  it("is ok while online", async () => {
    const { annaOnline } = world();
    expect(await diagnose({ realtime: await annaOnline() })).toMatchObject({ reason: "ok" });
  });
});

describe("the texts", () => {
  it.each(DIAGNOSIS_REASONS)(
    "of %s are complete in both languages and link into the documentation",
    (reason) => {
      for (const language of ["ru", "en"] as const) {
        const { title, explanation, remedy, docs } = diagnosisText(reason, language);
        for (const text of [title, explanation, remedy]) expect(text.length).toBeGreaterThan(5);
        expect(/[а-яё]/i.test(title)).toBe(language === "ru");
        expect(docs).toBe(`connection-lost#${reason}`);
      }
    },
  );
});
