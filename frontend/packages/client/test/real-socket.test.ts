// @vitest-environment node
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it, vi } from "vitest";
import { WebSocket as NodeWebSocket, WebSocketServer } from "ws";
import { createRealtime, type RealtimeClient } from "../src/core/realtime.ts";
import { chatOf } from "../src/stores/chat.ts";
import { FakeServer } from "../src/testing/index.ts";

/** The server of the tests behind real HTTP and real sockets, on a port of its own that it comes back to. */
class RealServer {
  readonly inside = new FakeServer();
  #http: Server | null = null;
  #port = 0;
  readonly #sockets = new Set<NodeWebSocket>();

  get base(): string {
    return `127.0.0.1:${this.#port}`;
  }

  async start(): Promise<void> {
    this.inside.goUp();
    const http = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", async () => {
        const headers = request.headers as Record<string, string>;
        const body = chunks.length === 0 ? null : Buffer.concat(chunks).toString();
        const answer = await this.inside.fetch(request.url ?? "/", {
          method: request.method ?? "GET",
          headers,
          body,
        });
        response.writeHead(answer.status, { "Content-Type": "application/json" }).end(await answer.text());
      });
    });
    new WebSocketServer({ server: http, path: "/ws" }).on("connection", (socket) => this.#serve(socket));
    await new Promise<void>((resolve) => http.listen(this.#port, "127.0.0.1", resolve));
    this.#port = (http.address() as AddressInfo).port;
    this.#http = http;
  }

  /** As SIGKILL does it: every socket breaks, nothing is said. */
  async kill(): Promise<void> {
    this.inside.goDown();
    for (const socket of this.#sockets) socket.terminate();
    const http = this.#http;
    http?.closeAllConnections();
    await new Promise((resolve) => http?.close(resolve));
  }

  #serve(socket: NodeWebSocket): void {
    this.#sockets.add(socket);
    const inside = new this.inside.WebSocket("ws://inside/ws");
    const early: string[] = [];
    inside.onopen = () => {
      for (const frame of early.splice(0)) inside.send(frame);
    };
    inside.onmessage = ({ data }) => socket.send(data);
    // Daphne closes with the code and without the reason.
    inside.onclose = ({ code }) => socket.close(code === 1006 ? 1011 : code);
    socket.onmessage = ({ data }) => {
      const frame = String(data);
      if (inside.readyState === inside.OPEN || inside.readyState === 1) inside.send(frame);
      else early.push(frame);
    };
    socket.onclose = () => {
      this.#sockets.delete(socket);
      inside.close();
    };
  }
}

const endings: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

async function twoPeople() {
  const server = new RealServer();
  await server.start();
  endings.push(() => server.kill());
  const { inside } = server;
  const [anna, boris] = [inside.addPerson("anna"), inside.addPerson("boris")];
  const roomId = inside.addRoom([anna.id, boris.id]);
  const browser = (userId: number): RealtimeClient => {
    const realtime = createRealtime({
      ...inside.options(inside.tokenFor(userId)),
      url: `ws://${server.base}/ws`,
      apiBase: `http://${server.base}`,
      fetch: globalThis.fetch,
      WebSocket: NodeWebSocket as unknown as typeof globalThis.WebSocket,
      minReconnectDelayMs: 10,
      maxReconnectDelayMs: 50,
    });
    endings.push(() => realtime.dispose());
    realtime.connect();
    return realtime;
  };
  const open = async (userId: number) => {
    const realtime = browser(userId);
    const store = chatOf(realtime).room(roomId);
    store.open();
    await vi.waitFor(() => expect(store.getSnapshot().live).toBe(true), { timeout: 5_000 });
    return { realtime, store };
  };
  return { server, inside, roomId, hers: await open(anna.id), his: await open(boris.id) };
}

it("two people talk, and lose nothing to a server that is killed again and again", async () => {
  const { server, inside, roomId, hers, his } = await twoPeople();
  for (let round = 0; round < 4; round += 1) {
    await Promise.all([1, 2, 3].map((n) => hers.realtime.outbox.add(roomId, `anna ${round}.${n}`)));
    await Promise.all([1, 2, 3].map((n) => his.realtime.outbox.add(roomId, `boris ${round}.${n}`)));
    await server.kill();
    await hers.realtime.outbox.add(roomId, `anna ${round}, while it was away`);
    await server.start();
  }
  await vi.waitFor(
    () => {
      expect(hers.store.getSnapshot().pending).toEqual([]);
      expect(his.store.getSnapshot().pending).toEqual([]);
      expect(his.store.getSnapshot().messages).toHaveLength(28);
      expect(hers.store.getSnapshot().messages).toHaveLength(28);
    },
    { timeout: 15_000 },
  );

  const stored = inside.messagesOf(roomId);
  expect(hers.store.getSnapshot().messages).toEqual(stored);
  expect(his.store.getSnapshot().messages).toEqual(stored);
  const annas = stored.filter(({ sender }) => sender.display_name === "Anna").map(({ text }) => text);
  expect(annas).toEqual(
    [0, 1, 2, 3].flatMap((round) => [
      ...[1, 2, 3].map((n) => `anna ${round}.${n}`),
      `anna ${round}, while it was away`,
    ]),
  );
}, 30_000);

it("hears the reason of a close from the push before it, and stays away where that says so", async () => {
  const { inside, hers } = await twoPeople();
  inside.drop(3504, "connection limit");
  await vi.waitFor(() => expect(hers.realtime.getSnapshot().state).toBe("offline"), { timeout: 5_000 });
  expect(hers.realtime.getSnapshot().reason).toEqual({
    kind: "refused",
    code: 3504,
    message: "connection limit",
  });
});
