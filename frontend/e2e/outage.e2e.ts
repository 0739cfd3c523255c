/** The server dies, the network goes, the page is reloaded meanwhile: what was written arrives, once. */
import { describe, expect } from "vitest";
import { until } from "./stage/patience.ts";
import type { Person, StoredMessage } from "./stage/person.ts";
import { scene } from "./stage/scene.ts";

const TEACHER = "Анна Сергеевна Петрова";
const STUDENT = "Маша Иванова";
/** All messages of a scene are on the page at once, however the list saves rows that are out of sight. */
const TALL = { viewport: { width: 1280, height: 4000 } };

describe("Outage", () => {
  scene(
    "the server is killed while two people write: nothing is lost, doubled or out of order",
    async (stage) => {
      const [teacher, student] = await Promise.all([
        stage.person("teacher", TALL),
        stage.person("student", TALL),
      ]);
      const [room] = await Promise.all([teacher.openRoom(STUDENT), student.openRoom(TEACHER)]);
      const before = (await teacher.history(room)).length;
      const [ofTeacher, ofStudent] = [new Writer(teacher), new Writer(student)];

      await Promise.all([ofTeacher.write(4), ofStudent.write(4)]);
      // Both go on writing while it dies.
      await Promise.all([ofTeacher.write(6), ofStudent.write(6), stage.site.killBackend()]);
      const died = Date.now();
      await Promise.all([teacher.trouble(), student.trouble()]);
      expect(Date.now() - died, "ms until the bar says that something is wrong").toBeLessThan(15_000);
      await until(
        "the bar says that the backend is down",
        () => teacher.bar.getByRole("link").getAttribute("href"),
        (href) => href === "/help/connection#backend-down",
      );
      await Promise.all([ofTeacher.write(5), ofStudent.write(5)]);
      await teacher.sees(ofTeacher.last, "queued", "sending");
      const acknowledgedBefore = new Set([...teacher.acknowledged, ...student.acknowledged]);

      await stage.site.startBackend();
      await Promise.all([teacher.online(), student.online()]);
      await Promise.all([ofTeacher.write(2), ofStudent.write(2)]);
      for (const writer of [ofTeacher, ofStudent]) {
        await teacher.sees(writer.last);
        await student.sees(writer.last);
      }
      await Promise.all([nothingWaits(teacher), nothingWaits(student)]);

      const stored = await teacher.history(room, before);
      const ids = stored.map((message) => message.client_id);
      expect(ids, "each once").toEqual([...new Set(ids)]);
      expect(acknowledgedBefore.size).toBeGreaterThan(0);
      expect(
        [...acknowledgedBefore].filter((id) => !ids.includes(id)),
        "acknowledged and missing",
      ).toEqual([]);
      for (const writer of [ofTeacher, ofStudent]) {
        const theirs = stored.filter(({ text }) => writer.written.includes(text)).map(({ text }) => text);
        expect(theirs, `all that the ${writer.person.name} wrote, in the order of writing`).toEqual(
          writer.written,
        );
      }
      expect(
        stored.map(({ seq }) => seq),
        "numbered without a gap",
      ).toEqual(stored.map((_, index) => before + 1 + index));
      for (const person of [teacher, student]) expect(await shown(person, before)).toEqual(told(stored));
    },
  );

  scene(
    "the page is reloaded while the server is down: what waited goes out once, to its own room",
    async (stage) => {
      const [student, teacher, tutor] = await Promise.all([
        stage.person("student", TALL),
        stage.person("teacher", TALL),
        stage.person("tutor", TALL),
      ]);
      const withTeacher = await student.openRoom(TEACHER);
      const withTutor = await student.openRoom("Daniel Brooks");
      await Promise.all([teacher.openRoom(STUDENT), tutor.openRoom(STUDENT)]);
      await stage.site.killBackend();
      await student.trouble();

      await student.write("For the tutor, one");
      await student.write("For the tutor, two");
      await student.openRoom(TEACHER);
      await student.write("For the teacher");
      await student.sees("For the teacher", "queued", "sending");

      await student.page.reload();
      await student.sees("For the teacher", "queued", "sending");
      await student.write("For the teacher, after the reload");
      await student.sees("For the teacher, after the reload", "queued", "sending");
      expect(await student.page.locator("input[name=password]").count(), "an outage signs nobody out").toBe(
        0,
      );

      await stage.site.startBackend();
      await student.sees("For the teacher, after the reload", "stored", "read");
      await teacher.sees("For the teacher", "received");
      await teacher.sees("For the teacher, after the reload", "received");
      await tutor.sees("For the tutor, two", "received");
      const ours = async (room: number) =>
        (await student.history(room)).map(({ text }) => text).filter((text) => text.startsWith("For the "));
      expect(await ours(withTeacher)).toEqual(["For the teacher", "For the teacher, after the reload"]);
      expect(await ours(withTutor)).toEqual(["For the tutor, one", "For the tutor, two"]);
    },
  );

  scene("the network of one person goes and comes back: they are told, and miss nothing", async (stage) => {
    const [teacher, student] = await Promise.all([stage.person("teacher"), stage.person("student")]);
    await Promise.all([teacher.openRoom(STUDENT), student.openRoom(TEACHER)]);

    await student.context.setOffline(true);
    await student.trouble();
    // On localhost a server that cannot be reached is a server that does not run: a network is not needed there.
    await until(
      "the bar says what is away",
      () => student.bar.getByRole("link").getAttribute("href"),
      (href) => /#(device-offline|page-server-down)$/.test(href ?? ""),
    );
    await teacher.write("Written while you were in the metro");
    await teacher.sees("Written while you were in the metro", "stored");
    await student.write("Written in the metro");
    await student.sees("Written in the metro", "queued", "sending");
    await stage.picture(student, "connection-bar-offline");

    await student.context.setOffline(false);
    await student.sees("Written while you were in the metro", "received");
    await student.sees("Written in the metro", "stored", "read");
    await teacher.sees("Written in the metro", "received");
  });
});

class Writer {
  readonly person: Person;
  readonly written: string[] = [];

  constructor(person: Person) {
    this.person = person;
  }

  get last(): string {
    return this.written.at(-1) ?? "";
  }

  async write(count: number): Promise<void> {
    for (let each = 0; each < count; each += 1) {
      const text = `${this.person.name} ${this.written.length + 1}`;
      this.written.push(text);
      await this.person.write(text);
    }
  }
}

async function nothingWaits(person: Person): Promise<void> {
  await until(
    `all that ${person.name} wrote is stored`,
    async () =>
      (await person.messages()).filter(({ state }) => !["stored", "read", "received"].includes(state)),
    (waiting) => waiting.length === 0,
  );
}

async function shown(person: Person, after: number): Promise<[number, string][]> {
  return (await person.messages()).filter(({ seq }) => seq > after).map(({ seq, text }) => [seq, text]);
}

function told(stored: readonly StoredMessage[]): [number, string][] {
  return stored.map(({ seq, text }) => [seq, text]);
}
