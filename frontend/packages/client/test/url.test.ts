import { describe, expect, it, vi } from "vitest";
import { chooseWebSocketUrl, getWebSocketBaseUrl, problemOfUrl } from "../src/core/url.ts";

const page = { protocol: "http:", host: "localhost:8080" };

describe("the three rules", () => {
  it("takes VITE_WEBSOCKET_URL when it is set, without the spaces around it", () => {
    expect(chooseWebSocketUrl({ env: "  wss://yourdomain.com/ws\n", location: page })).toEqual({
      url: "wss://yourdomain.com/ws",
      rule: "VITE_WEBSOCKET_URL env var",
      problem: null,
    });
  });

  it.each([
    [{ protocol: "http:", host: "localhost:8080" }, "ws://localhost:8080/ws"],
    [{ protocol: "https:", host: "school.example" }, "wss://school.example/ws"],
    [{ protocol: "https:", host: "[2001:db8::1]:8443" }, "wss://[2001:db8::1]:8443/ws"],
  ])("else takes the page's host and port, with the scheme that fits %o", (location, url) => {
    for (const env of [undefined, "", "   "]) {
      expect(chooseWebSocketUrl({ env, location })).toEqual({ url, rule: "window.location", problem: null });
    }
  });

  it("else falls back where there is no page, or the page is a file", () => {
    const fallback = { url: "ws://localhost:8000/ws", rule: "fallback", problem: null };
    expect(chooseWebSocketUrl({ env: undefined, location: undefined })).toEqual(fallback);
    expect(chooseWebSocketUrl({ env: undefined, location: { protocol: "file:", host: "" } })).toEqual(
      fallback,
    );
  });
});

describe("a malformed VITE_WEBSOCKET_URL", () => {
  it.each([
    ["localhost:8080/ws", "ws://"],
    ["/ws", "absolute"],
    ["ws//localhost:8080/ws", "absolute"],
    ["http://localhost:8080/ws", "ws://"],
    ["https://yourdomain.com/ws", "wss://"],
    ["ws://", "absolute"],
    ["ws://localhost:99999/ws", "absolute"],
    ["ws://localhost:8080/ws#top", "fragment"],
    ["ws://localhost:8080/ws?token=abc", "first frame"],
  ])("%s is passed over, and the sentence says what to change", (env, hint) => {
    const chosen = chooseWebSocketUrl({ env, location: page });
    expect(chosen).toMatchObject({ url: "ws://localhost:8080/ws", rule: "window.location" });
    expect(chosen.problem).toContain(hint);
  });

  it("does not repeat a token that stands in it", () => {
    expect(problemOfUrl("ws://localhost:8080/ws?token=secret")).not.toContain("secret");
  });
});

describe("getWebSocketBaseUrl", () => {
  it("says which rule won, once per distinct result", () => {
    const logger = { info: vi.fn(), error: vi.fn() };
    vi.stubEnv("VITE_WEBSOCKET_URL", "ws://one.example/ws");
    expect(getWebSocketBaseUrl(logger)).toBe("ws://one.example/ws");
    expect(getWebSocketBaseUrl(logger)).toBe("ws://one.example/ws");
    vi.stubEnv("VITE_WEBSOCKET_URL", "");
    expect(getWebSocketBaseUrl(logger)).toBe(`ws://${window.location.host}/ws`);

    expect(logger.info.mock.calls.map(([line]) => line)).toEqual([
      "[WebSocket Config] Using base URL from VITE_WEBSOCKET_URL env var: ws://one.example/ws",
      `[WebSocket Config] Using base URL from window.location: ws://${window.location.host}/ws`,
    ]);
    vi.unstubAllEnvs();
  });

  it("falls back, and says so, where there is no window", () => {
    const logger = { info: vi.fn(), error: vi.fn() };
    vi.stubEnv("VITE_WEBSOCKET_URL", undefined);
    vi.stubGlobal("window", undefined);
    expect(getWebSocketBaseUrl(logger)).toBe("ws://localhost:8000/ws");
    expect(logger.info).toHaveBeenCalledWith(
      "[WebSocket Config] Using base URL from fallback: ws://localhost:8000/ws",
    );
    vi.unstubAllGlobals();
    vi.unstubAllEnvs();
  });

  it("reports a malformed value as an error", () => {
    const logger = { info: vi.fn(), error: vi.fn() };
    vi.stubEnv("VITE_WEBSOCKET_URL", "http://two.example/ws");
    vi.stubGlobal("location", { protocol: "http:", host: "three.example" });
    getWebSocketBaseUrl(logger);
    expect(logger.error).toHaveBeenCalledWith(expect.stringContaining("VITE_WEBSOCKET_URL cannot be used"));
    vi.unstubAllGlobals();
    vi.unstubAllEnvs();
  });
});
