// @vitest-environment node
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const client = resolve(import.meta.dirname, "..");

/** A page of its own that takes the package from node_modules, as a project that installs it does. */
describe("a page built by Vite", () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "vestnik-client-"));
    await writeFile(join(folder, "package.json"), JSON.stringify({ name: "page", type: "module" }));
    await symlink(resolve(client, "../../node_modules"), join(folder, "node_modules"));
    await writeFile(
      join(folder, "page.js"),
      'import { getWebSocketBaseUrl } from "@vestnik/client"; globalThis.chosenUrl = getWebSocketBaseUrl();',
    );
    await writeFile(join(folder, ".env.production"), "VITE_WEBSOCKET_URL=wss://yourdomain.com/ws\n");
    await writeFile(join(folder, ".env.development"), "VITE_WEBSOCKET_URL=ws://localhost:8080/ws\n");
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function urlOfBuild(mode: string): Promise<string> {
    const entry = join(folder, "page.js");
    const result = await build({
      root: folder,
      mode,
      configFile: false,
      logLevel: "silent",
      build: { write: false, minify: false, lib: { entry, formats: ["es"], fileName: "page" } },
    });
    const output = Array.isArray(result) ? result[0] : result;
    if (output === undefined || !("output" in output)) throw new Error("nothing was built");
    const { code } = output.output[0];
    await import(`data:text/javascript;base64,${Buffer.from(code).toString("base64")}`);
    return (globalThis as unknown as { chosenUrl: string }).chosenUrl;
  }

  it("uses the address of .env.production", async () => {
    expect(await urlOfBuild("production")).toBe("wss://yourdomain.com/ws");
  });

  it("uses the address of .env.development in development mode", async () => {
    expect(await urlOfBuild("development")).toBe("ws://localhost:8080/ws");
  });

  it("falls back without either, where there is no window", async () => {
    expect(await urlOfBuild("test")).toBe("ws://localhost:8000/ws");
  });
});
