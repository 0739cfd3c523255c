/** The end-to-end tests: `npm run e2e`. One browser, one backend, one Vite, and one test at a time. */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { SCENE_DEADLINE_MS } from "./stage/patience.ts";

/** Always in one order: what a scene leaves on the site shows in the pictures of the next. */
class ByName extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return files.toSorted((one, other) => (one.moduleId < other.moduleId ? -1 : 1));
  }
}

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  cacheDir: fileURLToPath(new URL("../node_modules/.vite-e2e", import.meta.url)),
  test: {
    include: ["*.e2e.ts"],
    environment: "node",
    globalSetup: ["./stage/curtain.ts"],
    // The scenes share one site, and one of them kills its backend.
    fileParallelism: false,
    sequence: { concurrent: false, sequencer: ByName },
    // A scene ends by its own deadline, a little earlier, so that it can still keep what it saw.
    testTimeout: SCENE_DEADLINE_MS + 30_000,
    hookTimeout: SCENE_DEADLINE_MS,
    retry: 0,
  },
});
