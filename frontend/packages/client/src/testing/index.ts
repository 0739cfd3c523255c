/** For tests of pages: a server in memory, and a clock that a test turns. */

export { MemoryStorage } from "../outbox/storage.ts";
export { FakeClock, settle } from "./fake-clock.ts";
export { FakeServer, memoryTokenStorage, silentLogger } from "./fake-server.ts";
