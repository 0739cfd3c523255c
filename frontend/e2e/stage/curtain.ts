/** Before the first scene and after the last: the site and the browser. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
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
    console.log(`Pictures of the pages: ${results}`);
  };
}
