/** What the tests use of the package `ws`, which comes with happy-dom and without types. */
declare module "ws" {
  import type { Server } from "node:http";

  export class WebSocket extends globalThis.WebSocket {
    terminate(): void;
  }
  export class WebSocketServer {
    constructor(options: { server: Server; path: string });
    on(event: "connection", listener: (socket: WebSocket) => void): this;
    close(): void;
  }
}
