/** Somebody in front of the page: what they do, what they see, and what their browser noted meanwhile. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BrowserContext, Locator, Page, WebSocket } from "playwright-core";
import { PATIENCE_MS, until } from "./patience.ts";

const PASSWORD = "demo";

/** The state of a message as the page shows it. */
export type DeliveryState = "queued" | "sending" | "stored" | "read" | "failed" | "received";

export interface ShownMessage {
  readonly seq: number;
  readonly clientId: string;
  readonly state: DeliveryState;
  readonly text: string;
}

/** A message as the server has it. */
export interface StoredMessage {
  readonly id: number;
  readonly seq: number;
  readonly client_id: string;
  readonly text: string;
}

export class Person {
  readonly name: string;
  readonly context: BrowserContext;
  readonly page: Page;
  /** All lines of the console. */
  readonly console: string[] = [];
  /** Of all requests and sockets. */
  readonly addresses: string[] = [];
  /** Errors that nobody caught. */
  readonly errors: string[] = [];
  /** Every token that this browser was given. */
  readonly tokens = new Set<string>();
  /** The `client_id` of each message that the server has acknowledged over the socket. */
  readonly acknowledged = new Set<string>();

  constructor(name: string, context: BrowserContext, page: Page) {
    this.name = name;
    this.context = context;
    this.page = page;
    page.setDefaultTimeout(PATIENCE_MS);
    page.on("console", (line) => this.console.push(`${line.type()}: ${line.text()}`));
    page.on("pageerror", (error) => this.errors.push(String(error.stack ?? error)));
    page.on("request", (request) => this.addresses.push(request.url()));
    page.on("response", (response) => {
      if (!/\/api\/(auth\/login|realtime\/token)\//.test(response.url()) || !response.ok()) return;
      // A page that is left meanwhile takes the answer with it, and the token too.
      response.json().then(
        ({ token }: { token: string }) => this.tokens.add(token),
        () => undefined,
      );
    });
    page.on("websocket", (socket) => this.#watch(socket));
  }

  // Signing in ----------------------------------------------------------------------------------------------------

  async signIn(account: string): Promise<void> {
    await this.page.locator("input[name=username]").fill(account);
    await this.page.locator("input[name=password]").fill(PASSWORD);
    await this.page.locator("button[type=submit]").click();
    await this.online();
  }

  /** What `localStorage` holds for the server. */
  async authToken(): Promise<string> {
    const token = await this.page.evaluate(() => localStorage.getItem("auth_token"));
    if (!token) throw new Error(`${this.name} is not signed in`);
    return token;
  }

  /** Asks the server over REST, past the page. */
  async api<T>(path: string, method = "GET", body?: object): Promise<T> {
    const response = await this.context.request.fetch(path, {
      method,
      headers: { Authorization: `Token ${await this.authToken()}` },
      ...(body === undefined ? {} : { data: body }),
    });
    if (!response.ok()) throw new Error(`${method} ${path}: ${response.status()} ${await response.text()}`);
    return response.status() === 204 ? (undefined as T) : ((await response.json()) as T);
  }

  // The connection ------------------------------------------------------------------------------------------------

  get bar(): Locator {
    return this.page.getByTestId("connection-bar");
  }

  async online(): Promise<void> {
    await this.page
      .locator('[data-testid="connection-bar"][data-state="online"]')
      .waitFor({ state: "attached" });
  }

  /** Waits until the bar says that something is wrong. */
  async trouble(): Promise<void> {
    await this.page.locator('[data-testid="connection-bar"][data-notice="trouble"]').waitFor();
  }

  // Chat ----------------------------------------------------------------------------------------------------------

  roomInList(title: string): Locator {
    return this.page
      .getByTestId("room-list-item")
      .filter({ has: this.page.getByText(title, { exact: true }) });
  }

  async openRoom(title: string): Promise<number> {
    await this.roomInList(title).click();
    const room = this.page.getByTestId("room");
    await this.page.getByTestId("composer").waitFor();
    return Number(await room.getAttribute("data-room-id"));
  }

  get composer(): Locator {
    return this.page.getByTestId("composer");
  }

  async write(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.composer.press("Enter");
  }

  /** Waits until a message shows, in one of the states. */
  async sees(text: string, ...states: DeliveryState[]): Promise<void> {
    await until(
      `${this.name} sees “${text}”${states.length > 0 ? ` as ${states.join(" or ")}` : ""}`,
      async () =>
        (await this.messages()).filter((message) => message.text === text).map(({ state }) => state),
      (found) => found.length === 1 && (states.length === 0 || states.some((state) => state === found[0])),
    );
  }

  /** The messages on the page, from top to bottom. */
  async messages(): Promise<ShownMessage[]> {
    return await this.page.getByTestId("message").evaluateAll((rows) =>
      rows.map((row) => ({
        seq: Number(row.getAttribute("data-seq") ?? 0),
        clientId: row.getAttribute("data-client-id") ?? "",
        state: (row.getAttribute("data-state") ?? "") as DeliveryState,
        text: row.querySelector('[data-testid="message-text"]')?.textContent ?? "",
      })),
    );
  }

  /** The whole of a room as the server has it, in order. */
  async history(roomId: number, after = 0): Promise<StoredMessage[]> {
    const all: StoredMessage[] = [];
    for (let from = after; ; ) {
      const path = `/api/chat/rooms/${roomId}/messages/?after=${from}&limit=100`;
      const { results } = await this.api<{ results: StoredMessage[] }>(path);
      const last = results.at(-1);
      if (!last) return all;
      all.push(...results);
      from = last.seq;
    }
  }

  /** What a badge counts; 0 when there is none. */
  async count(badge: Locator): Promise<number> {
    return (await badge.count()) === 0 ? 0 : Number(await badge.getAttribute("data-count"));
  }

  /** Waits until a badge counts exactly that; 0 means that it is gone. */
  async counts(what: string, badge: Locator, wanted: number): Promise<void> {
    await until(
      `${this.name}: ${what} is ${wanted}`,
      () => this.count(badge),
      (count) => count === wanted,
    );
  }

  get bellCount(): Locator {
    return this.page.getByTestId("bell-count");
  }

  get unreadTotal(): Locator {
    return this.page.getByTestId("unread-total");
  }

  // Afterwards ----------------------------------------------------------------------------------------------------

  async keep(directory: string): Promise<void> {
    mkdirSync(directory, { recursive: true });
    const lines = [...this.console, ...this.errors.map((error) => `uncaught: ${error}`)];
    writeFileSync(join(directory, `${this.name}.console.txt`), `${lines.join("\n")}\n`);
    await this.page
      .screenshot({ path: join(directory, `${this.name}.png`), timeout: 5_000 })
      .catch((error: unknown) => console.error(`no picture of ${this.name}'s page: ${String(error)}`));
  }

  #watch(socket: WebSocket): void {
    this.addresses.push(socket.url());
    socket.on("framereceived", ({ payload }) => {
      for (const line of String(payload).split("\n")) {
        const clientId = acknowledgedIn(line);
        if (clientId !== null) this.acknowledged.add(clientId);
      }
    });
  }
}

/** The `client_id` in the reply to a `chat.send`; null for every other frame. */
function acknowledgedIn(line: string): string | null {
  if (!line.startsWith("{")) return null;
  const reply = JSON.parse(line) as { rpc?: { data?: { message?: { client_id?: string } } } };
  return reply.rpc?.data?.message?.client_id ?? null;
}
