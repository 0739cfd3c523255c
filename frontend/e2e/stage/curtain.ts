/** Before the first scene and after the last: the site and the browser. */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import type { TestProject } from "vitest/node";
import { chromiumPath } from "./chromium.ts";
import { Site, type Whereabouts } from "./site.ts";

declare module "vitest" {
  interface ProvidedContext {
    site: Whereabouts;
    browser: string;
    /** Where pictures of the pages go, and what failed scenes leave behind. */
    results: string;
  }
}

/** The pictures of the documentation, by their names there; `E2E_DOCS=1` takes them over. */
const IN_DOCS = {
  app: "demo",
  "room-light": "room-light-en",
  "room-dark": "room-dark-ru",
  "sign-in": "sign-in",
  "connection-bar": "connection-bar",
  invoice: "invoice-paid",
  phone: "phone-room",
};
const DOCS_IMAGES = fileURLToPath(new URL("../../../docs/images", import.meta.url));

const QUIET = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export default async function raise(project: TestProject): Promise<() => Promise<void>> {
  const directory = mkdtempSync(join(tmpdir(), "vestnik-e2e-"));
  const results = process.env.E2E_RESULTS
    ? resolve(process.env.E2E_RESULTS)
    : mkdtempSync(join(tmpdir(), "vestnik-e2e-results-"));
  mkdirSync(results, { recursive: true });

  const site = await Site.start(directory);
  const goAtOnce = () => site.stopAtOnce();
  process.on("exit", goAtOnce);

  const isRoot = process.getuid?.() === 0;
  const browser = await chromium.launchServer({
    executablePath: chromiumPath(),
    args: isRoot ? ["--no-sandbox", ...QUIET] : QUIET,
  });
  project.provide("site", site.where);
  project.provide("browser", browser.wsEndpoint());
  project.provide("results", results);

  return async () => {
    await browser.close();
    await site.stop();
    process.off("exit", goAtOnce);
    rmSync(directory, { recursive: true, force: true });
    if (process.env.E2E_DOCS) {
      for (const [name, picture] of Object.entries(IN_DOCS)) {
        const taken = join(results, `${picture}.png`);
        if (existsSync(taken)) copyFileSync(taken, join(DOCS_IMAGES, `${name}.png`));
      }
    }
    console.log(`Pictures of the pages: ${results}`);
  };
}
