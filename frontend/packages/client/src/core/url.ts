/// <reference path="../env.d.ts" />
/** Where the socket is: one rule out of three, and a console line that says which. */

import type { Logger } from "./types.ts";

type UrlRule = "VITE_WEBSOCKET_URL env var" | "window.location" | "fallback";

export interface ChosenUrl {
  readonly url: string;
  readonly rule: UrlRule;
  /** What is wrong with VITE_WEBSOCKET_URL and what to change, when it was set and could not be used. */
  readonly problem: string | null;
}

export interface UrlSources {
  /** The value of VITE_WEBSOCKET_URL; undefined or blank counts as not set. */
  readonly env: string | undefined;
  /** `window.location`, or undefined outside a page. */
  readonly location: { readonly protocol: string; readonly host: string } | undefined;
}

const FALLBACK = "ws://localhost:8000/ws";
const EXAMPLE = "write it like ws://localhost:8080/ws (development) or wss://yourdomain.com/ws (production)";

/** What is wrong with a WebSocket address, as a sentence that says what to change; null when it can be used. */
export function problemOfUrl(text: string): string | null {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return `"${text}" is not an absolute address: ${EXAMPLE}`;
  }
  if (url.protocol === "http:" || url.protocol === "https:") {
    return `"${text}" starts with ${url.protocol}//, a socket needs ${url.protocol === "http:" ? "ws" : "wss"}://: ${EXAMPLE}`;
  }
  if (url.protocol !== "ws:" && url.protocol !== "wss:") {
    return `"${text}" does not start with ws:// or wss://: ${EXAMPLE}`;
  }
  if (url.hash !== "")
    return `"${text}" has a fragment (${url.hash}), which a socket address may not have: remove it`;
  if (/[?&](token|auth_token|access_token)=/i.test(url.search)) {
    return "the address carries a token: remove it, the token travels in the first frame";
  }
  return null;
}

/**
 * Applies the three rules in order: VITE_WEBSOCKET_URL, `window.location` (ws or wss after the page's protocol, the same
 * host and port, path /ws), `ws://localhost:8000/ws`. A malformed VITE_WEBSOCKET_URL is passed over, and `problem` says why.
 */
export function chooseWebSocketUrl(sources: UrlSources): ChosenUrl {
  const env = sources.env?.trim() ?? "";
  const problem = env === "" ? null : problemOfUrl(env);
  if (env !== "" && problem === null) return { url: env, rule: "VITE_WEBSOCKET_URL env var", problem: null };
  const location = sources.location;
  // A page opened from a file has no host; there is nothing to connect to beside it.
  if (location !== undefined && location.host !== "") {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    return { url: `${scheme}://${location.host}/ws`, rule: "window.location", problem };
  }
  return { url: FALLBACK, rule: "fallback", problem };
}

/** Vite replaces this very expression when it builds the page; outside Vite there is no `env`. */
function environmentUrl(): string | undefined {
  try {
    return import.meta.env.VITE_WEBSOCKET_URL;
  } catch {
    return undefined;
  }
}

export function currentUrlSources(): UrlSources {
  return { env: environmentUrl(), location: typeof window === "undefined" ? undefined : window.location };
}

const alreadyLogged = new Set<string>();

/**
 * The address of the socket for this page. Says on the console which rule gave it, once per distinct result, and reports a
 * malformed VITE_WEBSOCKET_URL as an error that says what to change.
 */
export function getWebSocketBaseUrl(logger: Pick<Logger, "info" | "error"> = console): string {
  const chosen = chooseWebSocketUrl(currentUrlSources());
  const line = `[WebSocket Config] Using base URL from ${chosen.rule}: ${chosen.url}`;
  if (!alreadyLogged.has(line)) {
    alreadyLogged.add(line);
    if (chosen.problem !== null) {
      logger.error(`[WebSocket Config] VITE_WEBSOCKET_URL cannot be used: ${chosen.problem}`);
    }
    logger.info(line);
  }
  return chosen.url;
}
