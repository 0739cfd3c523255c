/** A scene: people in browser windows of their own, what they may not do, and what is kept when it fails. */
import { appendFileSync, copyFileSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Browser, type BrowserContextOptions, chromium } from "playwright-core";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { SCENE_DEADLINE_MS } from "./patience.ts";
import { Person } from "./person.ts";
import { Site } from "./site.ts";

export type Account = "student" | "teacher" | "tutor" | "parent";

let browser: Browser;
beforeAll(async () => {
  browser = await chromium.connect(inject("browser"));
});
afterAll(async () => {
  await browser?.close();
});

/**
 * A test in which people use the page. Whatever it is about, it fails when a page throws an error, or when a token is
 * seen in a console line, in an address or in a server's log. A scene that fails keeps pictures, consoles and logs.
 */
export function scene(name: string, play: (stage: Stage) => Promise<void>): void {
  test(name, async () => {
    const stage = new Stage();
    try {
      await withinDeadline(play(stage));
      stage.expectNoTrouble();
    } catch (failure) {
      const directory = await stage.keep(name);
      console.error(`What the pages showed, their consoles and the servers' logs: ${directory}`);
      throw failure;
    } finally {
      await stage.clear();
    }
  });
}

export class Stage {
  readonly site = new Site(inject("site"));
  readonly people: Person[] = [];
  readonly #logsFrom = new Map(
    [this.site.backendLog, this.site.frontendLog].map((log) => [log, sizeOf(log)]),
  );

  /** Somebody with a browser of their own, who has not opened the page yet. */
  async visitor(name: string, options: BrowserContextOptions = {}): Promise<Person> {
    const context = await browser.newContext({
      baseURL: this.site.url,
      locale: "en-GB",
      timezoneId: "Europe/Moscow",
      viewport: { width: 1280, height: 800 },
      reducedMotion: "reduce",
      ...options,
    });
    const person = new Person(name, context, await context.newPage());
    this.people.push(person);
    return person;
  }

  /** A demo account, signed in. */
  async person(account: Account, options: BrowserContextOptions = {}): Promise<Person> {
    const person = await this.visitor(account, options);
    await person.page.goto("/");
    await person.signIn(account);
    return person;
  }

  /** A second tab of the same browser. */
  async tabOf(person: Person): Promise<Person> {
    const tab = new Person(`${person.name}-tab`, person.context, await person.context.newPage());
    this.people.push(tab);
    return tab;
  }

  /** Keeps a picture of what somebody sees. */
  async picture(person: Person, name: string): Promise<void> {
    await person.page.screenshot({ path: join(inject("results"), `${name}.png`), animations: "disabled" });
  }

  expectNoTrouble(): void {
    for (const person of this.people) {
      expect(person.errors, `errors in the page of ${person.name}`).toEqual([]);
    }
    const secrets = this.people.flatMap((person) => [...person.tokens]);
    const seen = [
      ...this.people.flatMap((person) => [...person.console, ...person.addresses]),
      ...this.#logLines(),
    ].filter((line) => secrets.some((secret) => line.includes(secret)));
    expect(seen, "a token where others can read it").toEqual([]);
  }

  async keep(name: string): Promise<string> {
    const directory = join(inject("results"), "failed", name.replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 80));
    mkdirSync(directory, { recursive: true });
    for (const person of this.people) await person.keep(directory);
    for (const log of [this.site.backendLog, this.site.frontendLog]) {
      copyFileSync(log, join(directory, log.slice(log.lastIndexOf("/") + 1)));
    }
    appendFileSync(join(directory, "when.txt"), `${new Date().toISOString()} ${name}\n`);
    return directory;
  }

  async clear(): Promise<void> {
    await Promise.all(
      [...new Set(this.people.map(({ context }) => context))].map((context) => context.close()),
    );
  }

  /** What the servers have written since the scene began. */
  #logLines(): string[] {
    return [...this.#logsFrom].flatMap(([log, from]) =>
      readFileSync(log).subarray(from).toString().split("\n"),
    );
  }
}

async function withinDeadline(play: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    const late = new Error(`the scene is not over after ${SCENE_DEADLINE_MS / 1000} s`);
    timer = setTimeout(() => reject(late), SCENE_DEADLINE_MS);
  });
  try {
    await Promise.race([play, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

function sizeOf(file: string): number {
  return statSync(file).size;
}
