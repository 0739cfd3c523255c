/** The end-to-end tests: `npm run e2e`. One browser, one backend, one Vite, and one test at a time. */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { SCENE_DEADLINE_MS } from "./stage/patience.ts";

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  cacheDir: fileURLToPath(new URL("../node_modules/.vite-e2e", import.meta.url)),
  test: {
    include: ["*.e2e.ts"],
    environment: "node",
    globalSetup: ["./stage/curtain.ts"],
    // The scenes share one site, and one of them kills its backend.
    fileParallelism: false,
    sequence: { concurrent: false },
    // A scene ends by its own deadline, a little earlier, so that it can still keep what it saw.
    testTimeout: SCENE_DEADLINE_MS + 30_000,
    hookTimeout: SCENE_DEADLINE_MS,
    retry: 0,
  },
});
