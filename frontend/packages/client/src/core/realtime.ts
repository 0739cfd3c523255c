/** The one connection of a tab: what the `centrifuge` library does, told as five states with a reason. */

import { Centrifuge, UnauthorizedError } from "centrifuge";
import { DisconnectCode, ErrorCode } from "../generated/codes.ts";
import { Outbox } from "../outbox/outbox.ts";
import { type OutboxStorage, openOutboxStorage } from "../outbox/storage.ts";
import type { Procedures, UserEvent } from "../payloads.ts";
import { Channels, type Publication } from "./channels.ts";
import { systemClock } from "./clock.ts";
import { InvalidArgumentError, RealtimeError } from "./errors.ts";
import type { Realtime } from "./interfaces.ts";
import { Observable } from "./observable.ts";
import {
  isTerminal,
  reasonOfConnectError,
  reasonOfLoss,
  reasonOfRejection,
  reasonOfTokenError,
} from "./reasons.ts";
import { RestClient } from "./rest.ts";
import { BrowserSession, localTokenStorage } from "./session.ts";
import { Tabs } from "./tabs.ts";
import type {
  Clock,
  ConnectionReason,
  ConnectionSnapshot,
  Logger,
  TokenStorage,
  Unsubscribe,
} from "./types.ts";
import { getWebSocketBaseUrl, problemOfUrl } from "./url.ts";

export interface RealtimeOptions {
  /** The socket's address; `getWebSocketBaseUrl()` by default. */
  readonly url?: string;
  /** Prefix of REST paths, e.g. `https://school.example`; by default "", the page's own origin. */
  readonly apiBase?: string;
  /** Where the sign-in token is kept; `localStorage["auth_token"]` by default. */
  readonly tokenStorage?: TokenStorage;
  readonly fetch?: typeof globalThis.fetch;
  readonly WebSocket?: typeof globalThis.WebSocket;
  /** Time for the package's own timers; those of the `centrifuge` library are the globals. */
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** Where unsent messages are kept; IndexedDB by default, memory where that is not available. */
  readonly outboxStorage?: OutboxStorage;
  /** Name by which the tabs of one site find each other; "" keeps this instance alone. */
  readonly tabs?: string;
  /** First and longest wait between attempts, ms. The wait doubles, with full jitter. */
  readonly minReconnectDelayMs?: number;
  readonly maxReconnectDelayMs?: number;
  /** How long a command waits for its reply, and a socket for its opening, ms. */
  readonly timeoutMs?: number;
}

/** A refusal that may be a misunderstanding (3502: our `connect` was late; a frame that could not be read) heals slowly. */
const SLOW_RETRY_MS = 30_000;
const HEALS_SLOWLY: ReadonlySet<number> = new Set([2, 3, DisconnectCode.Stale]);

/** Refusals behind which the sign-in may be gone: bad connection token, disconnected on purpose, permission denied. */
const ASKS_ABOUT_SESSION: ReadonlySet<number> = new Set([
  DisconnectCode.InvalidToken,
  DisconnectCode.ForceNoReconnect,
  DisconnectCode.PermissionDenied,
]);

const STILL: ConnectionSnapshot = {
  state: "connecting",
  reason: null,
  retryAt: null,
  retryInMs: null,
  attempt: 0,
  since: 0,
  lostAt: null,
  lastOutageMs: null,
  caughtUp: 0,
};

export class RealtimeClient implements Realtime {
  readonly url: string;
  readonly api: RestClient;
  readonly session: BrowserSession;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly tabs: Tabs;
  readonly channels: Channels;
  readonly outbox: Outbox;
  readonly fetch: typeof globalThis.fetch;
  readonly apiBase: string;
  /** Whose data this page shows: null until the server said whose token it is, and after signing out. */
  readonly identity: Observable<number | null>;

  readonly #options: RealtimeOptions;
  readonly #state: Observable<ConnectionSnapshot>;
  /** Network events of the library go through here, so that waking up is in our hands. */
  readonly #network = new EventTarget();
  readonly #stops: Unsubscribe[] = [];
  #client: Centrifuge | null = null;
  #connectionToken = "";
  #signInToken: string | null = null;
  #wanted = false;
  #disposed = false;
  #deviceOffline = false;
  #failure: ConnectionReason | null = null;
  /** Fresh connection tokens refused in a row. */
  #refusals = 0;
  #slowRetry: unknown = null;

  constructor(options: RealtimeOptions = {}) {
    this.#options = options;
    this.logger = options.logger ?? console;
    this.clock = options.clock ?? systemClock;
    this.url = options.url ?? getWebSocketBaseUrl(this.logger);
    const problem = problemOfUrl(this.url);
    if (problem !== null) throw new InvalidArgumentError("url", problem);
    this.fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
    this.apiBase = options.apiBase ?? "";
    this.tabs = new Tabs(options.tabs ?? "vestnik");
    this.api = new RestClient({
      base: this.apiBase,
      fetch: this.fetch,
      clock: this.clock,
      token: () => this.session.token(),
      onUnauthorized: (token, error) => this.session.refuse(token, error),
    });
    this.session = new BrowserSession({
      storage: options.tokenStorage ?? localTokenStorage(),
      rest: () => this.api,
      tabs: this.tabs,
    });
    this.channels = new Channels({
      logger: this.logger,
      onCaughtUp: (publication) => this.#countCaughtUp(publication),
    });
    this.channels.publications.add(({ channel, data }) => {
      if (channel.startsWith("user:#")) this.session.hear(data as UserEvent);
    });
    this.identity = new Observable(this.session.token() === null ? null : this.session.getSnapshot().userId);
    this.#signInToken = this.session.token();
    const rejection = this.session.rejection();
    this.#state = new Observable<ConnectionSnapshot>({
      ...STILL,
      state: rejection === null ? "connecting" : "signed-out",
      reason: rejection === null ? null : reasonOfRejection(rejection),
      since: this.clock.now(),
    });
    this.outbox = new Outbox({
      identity: this.identity,
      connection: this,
      send: async (message) => (await this.rpc("chat.send", message)).message,
      storage: options.outboxStorage ?? openOutboxStorage(this.logger),
      tabs: this.tabs,
      clock: this.clock,
      logger: this.logger,
    });
    this.#stops.push(this.session.subscribe(() => this.#sessionChanged()));
    this.#listenToPage();
  }

  readonly subscribe = (listener: () => void): Unsubscribe => this.#state.subscribe(listener);

  readonly getSnapshot = (): ConnectionSnapshot => this.#state.getSnapshot();

  get isOnline(): boolean {
    return this.getSnapshot().state === "online";
  }

  connect(): void {
    if (this.#disposed) throw new Error("this realtime was disposed of: create another one");
    this.#wanted = true;
    this.session.reload();
    const rejection = this.session.rejection();
    if (rejection !== null) {
      this.#show({ state: "signed-out", reason: reasonOfRejection(rejection) });
      return;
    }
    this.#ensureClient().connect();
  }

  disconnect(): void {
    this.#wanted = false;
    this.#stopSlowRetry();
    this.#client?.disconnect();
  }

  retryNow(): void {
    this.#wanted = true;
    this.#refusals = 0;
    this.#stopSlowRetry();
    // A person asks: the server's last word about the sign-in is asked for anew.
    this.session.forgive();
    if (this.#client?.state === Centrifuge.State.Connecting) this.#wake();
    else this.connect();
  }

  rpc<M extends keyof Procedures>(
    method: M,
    params: Procedures[M]["params"],
  ): Promise<Procedures[M]["result"]>;
  rpc<R = unknown>(method: string, params: unknown): Promise<R>;
  async rpc(method: string, params: unknown): Promise<unknown> {
    const client = this.#client;
    if (client === null || this.getSnapshot().state === "signed-out")
      throw new RealtimeError(ErrorCode.Unauthorized, "nobody is signed in");
    if (client.state === Centrifuge.State.Disconnected) throw new RealtimeError(3, "not connected");
    try {
      return (await client.rpc(method, params)).data;
    } catch (problem) {
      throw RealtimeError.from(problem);
    }
  }

  dispose(): void {
    this.#disposed = true;
    this.disconnect();
    this.#dropClient();
    for (const stop of this.#stops.splice(0)) stop();
    this.outbox.close();
    this.session.close();
    this.tabs.close();
  }

  /** Messages that a snapshot brought after a gap count as caught up with, like those that were replayed. */
  noteCaughtUp(count: number): void {
    if (count > 0) this.#state.patch({ caughtUp: this.getSnapshot().caughtUp + count });
  }

  #countCaughtUp(publication: Publication): void {
    if ((publication.data as { type?: unknown } | null)?.type === "message.created") this.noteCaughtUp(1);
  }

  #ensureClient(): Centrifuge {
    if (this.#client !== null) return this.#client;
    const client: Centrifuge = new Centrifuge(this.url, {
      name: "vestnik-js",
      getToken: () => this.#connectionTokenFor(client),
      websocket: this.#observedWebSocket(),
      networkEventTarget: this.#network,
      timeout: this.#options.timeoutMs ?? 8_000,
      minReconnectDelay: this.#options.minReconnectDelayMs ?? 500,
      maxReconnectDelay: this.#options.maxReconnectDelayMs ?? 20_000,
    });
    observeDelays(client, (delayMs) => this.#attemptPlanned(delayMs));
    client.on("connecting", ({ code, reason }) => this.#connecting(code, reason));
    client.on("connected", (context) => this.#connected(context.client, context.transport));
    client.on("disconnected", ({ code, reason }) => this.#disconnected(code, reason));
    client.on("error", ({ type, error }) => this.#attemptFailed(type, error));
    this.#client = client;
    this.channels.bind(client);
    return client;
  }

  #dropClient(): void {
    const client = this.#client;
    if (client === null) return;
    this.channels.unbind();
    this.#client = null;
    this.#connectionToken = "";
    // What it still says concerns nobody; an "error" without a listener would be thrown.
    client.removeAllListeners();
    client.on("error", () => undefined);
    client.disconnect();
  }

  /** Rejecting with UnauthorizedError ends the attempts; any other rejection is tried again for ever. */
  async #connectionTokenFor(client: Centrifuge): Promise<string> {
    this.#attemptStarts();
    if (this.session.token() === null) throw new UnauthorizedError("nobody is signed in");
    try {
      const { token } = await this.api.post<{ token: string }>("/api/realtime/token/");
      const { sub } = claimsOf(token);
      // Telling the session may replace this client, when the token turns out to be somebody else's.
      if (sub !== null) this.session.identify(sub);
      if (this.#client !== client) throw new UnauthorizedError("somebody else signed in");
      this.#connectionToken = token;
      return token;
    } catch (error) {
      if (this.session.rejection() !== null) throw new UnauthorizedError("the sign-in was refused");
      this.#failure = reasonOfTokenError(error);
      throw error;
    }
  }

  #connecting(code: number, reason: string): void {
    const { lostAt } = this.getSnapshot();
    if (hasExpired(this.#connectionToken, this.clock.now())) this.#client?.setToken("");
    if (code === 0) {
      this.#failure = null;
      this.#show({ state: lostAt === null ? "connecting" : "reconnecting" });
      return;
    }
    this.#failure = reasonOfLoss(code, reason);
    this.logger.warn("[WebSocket] connection lost", { code, reason });
    this.#show({ state: this.#away(), reason: this.#whyAway(), lostAt: this.clock.now(), attempt: 0 });
  }

  #connected(client: string, transport: string): void {
    const now = this.clock.now();
    const { lostAt, lastOutageMs } = this.getSnapshot();
    this.#refusals = 0;
    this.#failure = null;
    this.#deviceOffline = false;
    this.logger.info("[WebSocket] connected", {
      client,
      transport,
      afterMs: lostAt === null ? 0 : now - lostAt,
    });
    this.#show({
      state: "online",
      reason: null,
      attempt: 0,
      lostAt: null,
      lastOutageMs: lostAt === null ? lastOutageMs : now - lostAt,
      caughtUp: 0,
    });
  }

  /** One attempt failed; the library plans the next one and tells `#attemptPlanned` right after this. */
  #attemptFailed(type: string, error: { code: number; message: string }): void {
    if (type === "connect") this.#failure = reasonOfConnectError(error.code, error.message);
    else if (type === "transport") this.#failure = { kind: "network", code: null, message: error.message };
    this.logger.warn("[WebSocket] attempt failed", { type, code: error.code, reason: error.message });
  }

  #attemptPlanned(delayMs: number): void {
    const now = this.clock.now();
    const snapshot = this.getSnapshot();
    const attempt = snapshot.attempt + 1;
    this.logger.debug("[WebSocket] next attempt", { attempt, inMs: delayMs });
    this.#show({
      state: this.#away(),
      reason: this.#whyAway(),
      attempt,
      retryAt: now + delayMs,
      retryInMs: delayMs,
      lostAt: snapshot.lostAt ?? now,
    });
  }

  #attemptStarts(): void {
    this.#state.patch({ retryAt: null, retryInMs: null });
  }

  /** The library stopped: because it was told to, or because the server does not want this client back. */
  #disconnected(code: number, reason: string): void {
    const rejection = this.session.rejection();
    if (rejection !== null) {
      this.logger.warn("[WebSocket] signed out", { reason: rejection });
      this.#show({ state: "signed-out", reason: reasonOfRejection(rejection), lostAt: null });
      return;
    }
    if (code === 0) {
      this.#show({ state: "offline", reason: reasonOfLoss(code, reason) });
      return;
    }
    this.logger.error("[WebSocket] refused", { code, reason });
    this.#client?.setToken("");
    this.#connectionToken = "";
    const lostAt = this.getSnapshot().lostAt ?? this.clock.now();
    this.#show({ state: "offline", reason: { kind: "refused", code, message: reason }, lostAt });
    // After the library's own event has run: it does not expect to be started again from inside.
    queueMicrotask(() => this.#afterRefusal(code));
  }

  #afterRefusal(code: number): void {
    if (!this.#wanted || this.getSnapshot().state !== "offline") return;
    if (code === DisconnectCode.InvalidToken && this.#refusals < 1) {
      // The connection token was bad; a fresh one may do, or REST says that the sign-in is gone.
      this.#refusals += 1;
      this.#client?.connect();
    } else if (ASKS_ABOUT_SESSION.has(code)) {
      // A 401 turns the state to "signed-out" by way of the session.
      this.api.post("/api/realtime/token/").catch((error: unknown) => {
        this.logger.warn("[WebSocket] asked whether the sign-in is still good", { outcome: String(error) });
      });
    } else if (HEALS_SLOWLY.has(code) || !isTerminal(code)) {
      const delayMs = SLOW_RETRY_MS * (0.5 + Math.random());
      this.#show({
        ...this.getSnapshot(),
        state: "reconnecting",
        retryAt: this.clock.now() + delayMs,
        retryInMs: delayMs,
      });
      this.#slowRetry = this.clock.setTimeout(() => this.connect(), delayMs);
    }
  }

  #stopSlowRetry(): void {
    this.clock.clearTimeout(this.#slowRetry);
    this.#slowRetry = null;
  }

  #sessionChanged(): void {
    const token = this.session.token();
    const { userId } = this.session.getSnapshot();
    const identity = token === null ? null : userId;
    const known = this.identity.getSnapshot();
    const renewed = token !== this.#signInToken;
    this.#signInToken = token;
    // What one person's connection was subscribed to is not the next one's business.
    if (token === null || (known !== null && identity !== known)) this.#dropClient();
    this.identity.set(identity);
    const rejection = this.session.rejection();
    if (rejection !== null) {
      this.#stopSlowRetry();
      this.#show({ state: "signed-out", reason: reasonOfRejection(rejection), lostAt: null });
      this.#client?.disconnect();
      return;
    }
    if (renewed) this.#client?.setToken("");
    const isIdle = this.#client === null || this.#client.state === Centrifuge.State.Disconnected;
    if (
      this.#wanted &&
      isIdle &&
      (renewed || this.#client === null || this.getSnapshot().state === "signed-out")
    ) {
      this.#refusals = 0;
      this.#ensureClient().connect();
    }
  }

  #listenToPage(): void {
    if (typeof window === "undefined") return;
    this.#deviceOffline = navigator.onLine === false;
    const listen = (target: EventTarget, type: string, listener: () => void) => {
      target.addEventListener(type, listener);
      this.#stops.push(() => target.removeEventListener(type, listener));
    };
    listen(window, "offline", () => {
      this.#deviceOffline = true;
      this.#network.dispatchEvent(new Event("offline"));
    });
    listen(window, "online", () => {
      this.#deviceOffline = false;
      this.#wake();
    });
    listen(window, "focus", () => this.#wake());
    listen(document, "visibilitychange", () => {
      if (document.visibilityState === "visible") this.#wake();
    });
  }

  /** Starts the next attempt now. While one is running, or connected, the library ignores it. */
  #wake(): void {
    if (this.#client?.state === Centrifuge.State.Connecting) this.#network.dispatchEvent(new Event("online"));
    else if (this.#slowRetry !== null) {
      this.#stopSlowRetry();
      this.connect();
    }
  }

  #away(): "offline" | "reconnecting" {
    return this.#deviceOffline ? "offline" : "reconnecting";
  }

  #whyAway(): ConnectionReason {
    if (this.#deviceOffline)
      return { kind: "device-offline", code: null, message: "the device has no network" };
    return this.#failure ?? { kind: "network", code: null, message: "no connection" };
  }

  #show(fields: Partial<ConnectionSnapshot>): void {
    const current = this.getSnapshot();
    const state = fields.state ?? current.state;
    this.#state.patch({
      retryAt: null,
      retryInMs: null,
      ...(state === "connecting" || state === "online" ? { reason: null } : {}),
      ...fields,
      since: state === current.state ? current.since : this.clock.now(),
    });
  }

  /** Whether a socket to `url` opens within `withinMs`; it is closed at once. For diagnosis. */
  tryToOpen(url: string, withinMs: number): Promise<boolean> {
    const Socket = this.#options.WebSocket ?? globalThis.WebSocket;
    return new Promise((resolve) => {
      let socket: WebSocket;
      try {
        socket = new Socket(url);
      } catch {
        // E.g. ws:// on an https page.
        resolve(false);
        return;
      }
      const timer = this.clock.setTimeout(() => end(false), withinMs);
      const end = (opened: boolean) => {
        this.clock.clearTimeout(timer);
        resolve(opened);
        socket.close();
      };
      socket.onopen = () => end(true);
      socket.onerror = () => end(false);
      socket.onclose = () => end(false);
    });
  }

  /** The socket's constructor, which also tells that an attempt starts. */
  #observedWebSocket(): unknown {
    const self = this;
    return function ObservedWebSocket(url: string, protocols?: string | string[]) {
      self.#attemptStarts();
      const Socket = self.#options.WebSocket ?? globalThis.WebSocket;
      return protocols === undefined ? new Socket(url) : new Socket(url, protocols);
    };
  }
}

/**
 * The library has no event for "the next attempt starts in n ms", which a countdown needs. Every wait it makes comes from
 * this one method of its; were it renamed, the countdown would be missing (a test would say so) and nothing else.
 */
function observeDelays(client: Centrifuge, planned: (delayMs: number) => void): void {
  const internals = client as unknown as { _getReconnectDelay?: () => number };
  const original = internals._getReconnectDelay;
  if (original === undefined) return;
  internals._getReconnectDelay = function observed(this: Centrifuge) {
    const delayMs = original.call(this);
    planned(delayMs);
    return delayMs;
  };
}

/** What a connection token says of itself; nobody trusts it but for guessing, the server verifies it. */
function claimsOf(token: string): { sub: number | null; expiresAtMs: number | null } {
  try {
    const payload = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    const claims = JSON.parse(atob(payload)) as { sub?: unknown; exp?: unknown };
    const sub = Number(claims.sub);
    return {
      sub: Number.isInteger(sub) && sub > 0 ? sub : null,
      expiresAtMs: typeof claims.exp === "number" ? claims.exp * 1000 : null,
    };
  } catch {
    return { sub: null, expiresAtMs: null };
  }
}

/** Spares a round trip that is known to end in "token expired". */
function hasExpired(token: string, nowMs: number): boolean {
  const { expiresAtMs } = claimsOf(token);
  return expiresAtMs !== null && expiresAtMs <= nowMs;
}

/** One connection per tab; see `RealtimeOptions` for what can be replaced. Does nothing until `connect()`. */
export function createRealtime(options: RealtimeOptions = {}): RealtimeClient {
  return new RealtimeClient(options);
}
