/** Vite's proxy to the backend: what goes through, and what the page and the log see while the backend is away. */
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { createLogger, type Logger, type ProxyOptions } from "vite";

const HTTP_PATHS = "^/(api|static|media|admin|connection|emulation)/|^/(healthz|readyz|metrics)/?(\\?|$)";
const SOCKET_PATH = "^/ws(/|\\?|$)";

/**
 * The `server.proxy` table. `changeOrigin` stays false, so the backend sees the Host and Origin that the browser sent
 * and its Origin check means something.
 */
export function backendProxy(port: number): Record<string, ProxyOptions> {
  return {
    [SOCKET_PATH]: {
      target: `ws://127.0.0.1:${port}`,
      ws: true,
      changeOrigin: false,
      configure: answerPlainly(port),
    },
    [HTTP_PATHS]: { target: `http://127.0.0.1:${port}`, changeOrigin: false, configure: answerPlainly(port) },
  };
}

function answerPlainly(port: number): NonNullable<ProxyOptions["configure"]> {
  return (proxy) => {
    proxy.on("error", (error, _request, response) => {
      const body = JSON.stringify({
        error: {
          code: "backend_unreachable",
          message: `Vite's proxy could not reach the backend on 127.0.0.1:${port}: ${error.message}`,
        },
      });
      if (isHttp(response)) {
        if (!response.headersSent) response.writeHead(502, { "Content-Type": "application/json" }).end(body);
      } else if (response.writable && response.bytesWritten === 0) {
        // An upgrade: a status line tells a broken backend from a refused one; after it the socket is of no use.
        response.end(
          `HTTP/1.1 502 Bad Gateway\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
        );
      } else {
        response.destroy();
      }
    });
  };
}

function isHttp(response: ServerResponse | Socket): response is ServerResponse {
  return "headersSent" in response;
}

/**
 * Vite prints a stack for every request that the proxy cannot deliver; a page that keeps reconnecting would flood the
 * terminal. This logger says it once, and again only after `quietMs` without it.
 */
export function loggerThatSaysItOnce(port: number, quietMs = 60_000): Logger {
  const logger = createLogger();
  const printError = logger.error.bind(logger);
  let lastSaid = Number.NEGATIVE_INFINITY;
  logger.error = (message, options) => {
    if (!/(http|ws) proxy (socket )?error/.test(message)) {
      printError(message, options);
      return;
    }
    // A tab that was closed, or a backend that went away in mid-answer: nobody has to do anything about it.
    const code = (options?.error as NodeJS.ErrnoException | null | undefined)?.code;
    if (code === "ECONNRESET" || code === "EPIPE") return;
    const now = performance.now();
    if (now - lastSaid > quietMs) {
      logger.warn(
        `the backend on 127.0.0.1:${port} does not answer; start it with: python manage.py runserver ${port}`,
        {
          timestamp: true,
        },
      );
    }
    lastSaid = now;
  };
  return logger;
}
