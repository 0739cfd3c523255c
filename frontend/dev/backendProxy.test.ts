// @vitest-environment node
import { once } from "node:events";
import { createServer as createHttpServer, type IncomingMessage } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { createServer, type ViteDevServer } from "vite";
import { afterEach, expect, test, vi } from "vitest";
import { backendProxy, loggerThatSaysItOnce } from "./backendProxy";

const opened: { close(): unknown }[] = [];

afterEach(async () => {
  for (const server of opened.splice(0).reverse()) await server.close();
});

async function front(backendPort: number): Promise<number> {
  const server: ViteDevServer = await createServer({
    configFile: false,
    root: import.meta.dirname,
    appType: "custom",
    customLogger: loggerThatSaysItOnce(backendPort),
    optimizeDeps: { noDiscovery: true },
    server: {
      host: "127.0.0.1",
      port: 0,
      hmr: false,
      watch: null,
      ws: false,
      proxy: backendProxy(backendPort),
    },
  });
  opened.push(server);
  await server.listen();
  const address = server.httpServer?.address();
  if (typeof address !== "object" || !address) throw new Error("Vite does not listen on a port");
  return address.port;
}

async function freePort(): Promise<number> {
  const server = createHttpServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function handshake(port: number, path: string): string {
  return (
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nOrigin: http://127.0.0.1:${port}\r\nConnection: Upgrade\r\n` +
    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
  );
}

/** Asks for an upgrade by hand and returns the whole answer. */
function upgrade(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    socket.write(handshake(port, path));
    let answer = "";
    socket.on("data", (bytes) => {
      answer += bytes.toString();
    });
    socket.on("close", () => resolve(answer));
    socket.on("error", reject);
  });
}

test("a backend that is away gives a plain 502 that says which port", async () => {
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const backend = await freePort();
  const port = await front(backend);
  const response = await fetch(`http://127.0.0.1:${port}/api/auth/me/`);
  expect(response.status).toBe(502);
  expect(await response.json()).toMatchObject({
    error: { code: "backend_unreachable", message: expect.stringContaining(`127.0.0.1:${backend}`) },
  });
});

test("an upgrade to a backend that is away gives a 502 too, and the server lives on", async () => {
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const port = await front(await freePort());
  expect(await upgrade(port, "/ws")).toMatch(/^HTTP\/1\.1 502 /);
  expect(await upgrade(port, "/ws/")).toMatch(/^HTTP\/1\.1 502 /);
});

test("the terminal hears of it once", async () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const error = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const port = await front(await freePort());
  for (let attempt = 0; attempt < 5; attempt += 1) {
    await fetch(`http://127.0.0.1:${port}/healthz`);
    await upgrade(port, "/ws");
  }
  expect(warn).toHaveBeenCalledOnce();
  expect(error).not.toHaveBeenCalled();
});

test("a tab that goes away without a goodbye is not worth a word", async () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const error = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const backend = createHttpServer().listen(0, "127.0.0.1");
  await once(backend, "listening");
  opened.push({ close: () => new Promise((resolve) => backend.close(resolve)) });
  const port = await front((backend.address() as AddressInfo).port);

  const tab = connect(port, "127.0.0.1");
  tab.write(handshake(port, "/ws"));
  const [, socket] = (await once(backend, "upgrade")) as [IncomingMessage, Socket];
  socket.on("error", () => undefined).on("end", () => socket.end());
  socket.resume();
  socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  await once(tab, "data");
  tab.resetAndDestroy();
  await new Promise((resolve) => socket.once("close", resolve));
  expect(warn).not.toHaveBeenCalled();
  expect(error).not.toHaveBeenCalled();
});

test("the backend sees the Host and the Origin that the browser sent", async () => {
  const seen: Record<string, unknown>[] = [];
  const backend = createHttpServer((request, response) => {
    seen.push({ host: request.headers.host, origin: request.headers.origin, url: request.url });
    response.end("{}");
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => backend.once("listening", resolve));
  opened.push({ close: () => new Promise((resolve) => backend.close(resolve)) });
  const port = await front((backend.address() as AddressInfo).port);
  await fetch(`http://127.0.0.1:${port}/api/contacts/?q=1`, { headers: { Origin: "http://evil.example" } });
  expect(seen).toEqual([
    { host: `127.0.0.1:${port}`, origin: "http://evil.example", url: "/api/contacts/?q=1" },
  ]);
});

test("pages of the app are not sent to the backend", () => {
  const [, paths] = Object.keys(backendProxy(8000));
  for (const path of ["/invoices/5", "/chat/7", "/apiary", "/administration", "/src/main.tsx"]) {
    expect(new RegExp(paths ?? "").test(path), path).toBe(false);
  }
  for (const path of ["/api/auth/me/", "/admin/", "/static/x.css", "/healthz", "/readyz?x=1"]) {
    expect(new RegExp(paths ?? "").test(path), path).toBe(true);
  }
});
