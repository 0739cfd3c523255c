/** What most tests begin with: a server in memory, two people, a room, and a browser that one of them is signed in on. */

import { afterEach } from "vitest";
import type { RealtimeClient } from "../src/core/realtime.ts";
import { createRealtime, type RealtimeOptions } from "../src/core/realtime.ts";
import type { Logger, ReadableStore } from "../src/core/types.ts";
import type { Me } from "../src/payloads.ts";
import { FakeClock, FakeServer, settle } from "../src/testing/index.ts";

export interface World {
  readonly server: FakeServer;
  readonly clock: FakeClock;
  readonly anna: Me;
  readonly boris: Me;
  readonly roomId: number;
  readonly token: string;
  /** Another browser of anybody; disposed of after the test. */
  open(token: string | null, options?: Partial<RealtimeOptions>): RealtimeClient;
  /** A browser on which Anna is signed in, connected. */
  annaOnline(options?: Partial<RealtimeOptions>): Promise<RealtimeClient>;
}

const endings: (() => void)[] = [];

afterEach(() => {
  for (const end of endings.splice(0).reverse()) end();
  localStorage.clear();
});

export function world(): World {
  const clock = new FakeClock();
  endings.push(clock.install());
  const server = new FakeServer();
  const anna = server.addPerson("anna", "teacher");
  const boris = server.addPerson("boris", "student");
  const roomId = server.addRoom([anna.id, boris.id]);
  const token = server.tokenFor(anna.id);
  const open = (stored: string | null, options: Partial<RealtimeOptions> = {}) => {
    const realtime = createRealtime(server.options(stored, { clock, ...options }));
    endings.push(() => realtime.dispose());
    return realtime;
  };
  return {
    server,
    clock,
    anna,
    boris,
    roomId,
    token,
    open,
    async annaOnline(options) {
      const realtime = open(token, options);
      realtime.connect();
      await settle();
      return realtime;
    },
  };
}

/** Everything that was logged, as one text. */
export function recordingLogger(): Logger & { readonly text: () => string } {
  const lines: string[] = [];
  const log = (message: string, ...data: unknown[]) =>
    lines.push([message, ...data.map((item) => JSON.stringify(item))].join(" "));
  return { debug: log, info: log, warn: log, error: log, text: () => lines.join("\n") };
}

/** Every snapshot that a store showed from now on, the present one first. */
export function snapshotsOf<T>(store: ReadableStore<T>): T[] {
  const seen = [store.getSnapshot()];
  endings.push(store.subscribe(() => seen.push(store.getSnapshot())));
  return seen;
}

export { settle };
