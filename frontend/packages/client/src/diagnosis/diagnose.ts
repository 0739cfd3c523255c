/** Finds out why there is no connection, with what a page can see: its own state, three requests and one socket. */

import { getDefaultRealtime } from "../core/default-realtime.ts";
import type { Realtime } from "../core/interfaces.ts";
import type { RealtimeClient } from "../core/realtime.ts";
import { chooseWebSocketUrl, currentUrlSources } from "../core/url.ts";
import { DisconnectCode } from "../generated/codes.ts";
import { type DiagnosisReason, type DiagnosisText, diagnosisText, type Language } from "./texts.ts";

/** A probe that takes longer has failed; they run one after the other, and most end at the first failure. */
const PROBE_MS = 3_000;

export interface ProbeOutcome {
  readonly probe: string;
  readonly outcome: string;
  readonly ok: boolean;
}

export interface Diagnosis extends DiagnosisText {
  readonly reason: DiagnosisReason;
  /** What was tried and what came back, for the fold of details; without secrets. */
  readonly details: readonly ProbeOutcome[];
}

export interface DiagnoseOptions {
  readonly realtime?: Realtime;
  /** Of the texts; the browser's language by default. */
  readonly language?: Language;
}

/**
 * Tries the way to the server step by step and names the first thing that is wrong. Takes at most a few probes of 3 s.
 * Never rejects. `ok` means that nothing is wrong (any more).
 */
export async function diagnose(options: DiagnoseOptions = {}): Promise<Diagnosis> {
  const realtime = (options.realtime ?? getDefaultRealtime()) as RealtimeClient;
  const examination = new Examination(realtime);
  const reason = await examination.run().catch((error: unknown) => {
    examination.note("diagnosis", String(error), false);
    return "unknown" as const;
  });
  const language = options.language ?? (globalThis.navigator?.language?.startsWith("ru") ? "ru" : "en");
  return { reason, ...diagnosisText(reason, language), details: examination.details };
}

interface Answer {
  /** 0: no answer came. */
  readonly status: number;
  readonly isJson: boolean;
  /** The slug of an error body in our shape, or "". */
  readonly code: string;
}

class Examination {
  readonly details: ProbeOutcome[] = [];
  readonly #realtime: RealtimeClient;
  readonly #page: {
    readonly protocol: string;
    readonly host: string;
    readonly hostname: string;
    readonly origin: string;
  } | null;

  constructor(realtime: RealtimeClient) {
    this.#realtime = realtime;
    this.#page = typeof window === "undefined" || window.location.host === "" ? null : window.location;
  }

  note(probe: string, outcome: string, ok: boolean): void {
    this.details.push({ probe, outcome, ok });
  }

  async run(): Promise<DiagnosisReason> {
    const snapshot = this.#realtime.getSnapshot();
    this.note("connection", describe(snapshot.state, snapshot.reason), snapshot.state === "online");
    if (snapshot.state === "online") return "ok";
    return (
      this.#address() ??
      (await this.#pageServer()) ??
      this.#storedSignIn() ??
      (await this.#backend()) ??
      (await this.#socket())
    );
  }

  /** What can be seen without asking anybody. */
  #address(): DiagnosisReason | null {
    const { url } = this.#realtime;
    const chosen = chooseWebSocketUrl(currentUrlSources());
    this.note("address", url, chosen.problem === null);
    if (chosen.problem !== null) {
      this.note("VITE_WEBSOCKET_URL", chosen.problem, false);
      return "url-malformed";
    }
    return this.#page?.protocol === "https:" && url.startsWith("ws:") ? "insecure-url-on-secure-page" : null;
  }

  async #pageServer(): Promise<DiagnosisReason | null> {
    if (this.#page === null) return null;
    const { status } = await this.#ask("page's server", `${this.#page.origin}/`, { method: "HEAD" });
    if (status !== 0) return null;
    if (isLocal(this.#page.hostname)) return "page-server-down";
    return globalThis.navigator?.onLine === false ? "device-offline" : "network";
  }

  #storedSignIn(): DiagnosisReason | null {
    const token = this.#realtime.session.token();
    if (token === null) {
      this.note("sign-in", "none stored", false);
      return "signed-out-missing";
    }
    // What scripts leave behind that store an object, or nothing, as text.
    const isDamaged = /\s|^["'[{]|^(undefined|null|NaN|\[object)/.test(token) || /[^\x21-\x7e]/.test(token);
    this.note("sign-in", isDamaged ? "not a token" : "stored", !isDamaged);
    return isDamaged ? "token-malformed" : null;
  }

  async #backend(): Promise<DiagnosisReason | null> {
    const headers = { Accept: "application/json", Authorization: `Token ${this.#realtime.session.token()}` };
    const answer = await this.#ask("backend", `${this.#realtime.apiBase}/api/auth/me/`, { headers });
    const { status, code, isJson } = answer;
    if (status === 0 || status === 502 || status === 504 || code === "backend_unreachable")
      return "backend-down";
    if (status === 401) return reasonOfUnauthorized(code);
    if (status === 429) return "rate-limited";
    if (isJson) return status < 500 ? null : "backend-unhealthy";
    // Vite's own proxy answers 500 with plain text when nothing listens; Django answers 400 with a page for a strange host.
    if (status >= 500) return status === 500 ? "backend-down" : "backend-unhealthy";
    return status === 400 ? "host-refused" : "backend-is-another-program";
  }

  /** REST is well and the sign-in is good: what remains is the socket. */
  async #socket(): Promise<DiagnosisReason> {
    const { url } = this.#realtime;
    if (await this.#opens(url)) return this.#whatTheServerSaid();
    const address = new URL(url);
    if (!/\/(ws|connection\/websocket)\/?$|\/ws\//.test(address.pathname)) return "url-path-missing-ws";
    if (this.#page !== null && address.host !== this.#page.host) {
      const own = `${address.protocol === "wss:" ? "wss" : "ws"}://${this.#page.host}/ws`;
      const isBypass = (await this.#opens(own)) || address.port === "8000";
      return isBypass ? "url-bypasses-proxy" : "origin-refused";
    }
    const plain = await this.#ask("socket's path by plain http", url.replace(/^ws/, "http"), {});
    // A page where the socket should be: the path is not passed on at all.
    if (plain.status === 200 || plain.status === 0) return "proxy-does-not-upgrade";
    return plain.status === 403 ? "origin-refused" : "proxy-does-not-upgrade";
  }

  /** The way is free; the last words of the server are what is left. */
  #whatTheServerSaid(): DiagnosisReason {
    const { reason } = this.#realtime.getSnapshot();
    if (reason?.kind === "server-draining" || reason?.kind === "rate-limited") return reason.kind;
    if (reason?.kind === "refused")
      return reason.code === DisconnectCode.InvalidToken ? "token-foreign-key" : "refused";
    return "ok";
  }

  async #ask(probe: string, url: string, init: RequestInit): Promise<Answer> {
    const { clock, fetch } = this.#realtime;
    const abort = new AbortController();
    const timer = clock.setTimeout(() => abort.abort(), PROBE_MS);
    try {
      const response = await fetch(url, { ...init, cache: "no-store", signal: abort.signal });
      const isJson = /\bjson\b/.test(response.headers.get("Content-Type") ?? "");
      const body =
        isJson && !response.ok ? ((await response.json()) as { error?: { code?: unknown } }) : null;
      const code = String(body?.error?.code ?? "");
      this.note(probe, `${response.status} ${code}`.trim(), response.ok);
      return { status: response.status, isJson, code };
    } catch {
      this.note(probe, "no answer", false);
      return { status: 0, isJson: false, code: "" };
    } finally {
      clock.clearTimeout(timer);
    }
  }

  async #opens(url: string): Promise<boolean> {
    const opened = await this.#realtime.tryToOpen(url, PROBE_MS);
    this.note(`socket to ${url}`, opened ? "opens" : "does not open", opened);
    return opened;
  }
}

function reasonOfUnauthorized(code: string): DiagnosisReason {
  if (code.includes("expired")) return "signed-out-expired";
  return code.includes("malformed") ? "token-malformed" : "signed-out-revoked";
}

function isLocal(hostname: string): boolean {
  return (
    hostname === "localhost" ||
    hostname === "[::1]" ||
    hostname.startsWith("127.") ||
    hostname.endsWith(".localhost")
  );
}

function describe(
  state: string,
  reason: { kind: string; code: number | null; message: string } | null,
): string {
  return reason === null
    ? state
    : `${state}: ${reason.kind} ${reason.code ?? ""} ${reason.message}`.replaceAll("  ", " ").trim();
}
