/** Two people chat. */
import { describe, expect } from "vitest";
import { until } from "./stage/patience.ts";
import { scene } from "./stage/scene.ts";

const TEACHER = "Анна Сергеевна Петрова";
const STUDENT = "Маша Иванова";

describe("Talking", () => {
  scene("two people write to each other, and each message is there once, on both sides", async (stage) => {
    const [teacher, student] = await Promise.all([stage.person("teacher"), stage.person("student")]);
    const [room, same] = await Promise.all([teacher.openRoom(STUDENT), student.openRoom(TEACHER)]);
    expect(room).toBe(same);

    await teacher.write("Can you hear me?");
    await student.sees("Can you hear me?", "received");
    await student.write("Loud and clear.");
    await teacher.sees("Loud and clear.", "received");
    await teacher.write("First line");
    await student.sees("First line", "received");

    const end = async (person: typeof teacher) => (await person.messages()).slice(-3).map(({ text }) => text);
    expect(await end(teacher)).toEqual(["Can you hear me?", "Loud and clear.", "First line"]);
    expect(await end(student)).toEqual(await end(teacher));
  });

  scene("who writes is told when it is stored and when it is read", async (stage) => {
    const [teacher, student] = await Promise.all([stage.person("teacher"), stage.person("student")]);
    await teacher.openRoom(STUDENT);
    await teacher.write("Have you read page 24?");
    await teacher.sees("Have you read page 24?", "stored");

    await student.openRoom(TEACHER);
    await student.sees("Have you read page 24?", "received");
    await teacher.sees("Have you read page 24?", "read");
  });

  scene("one sees that the other is writing, and no longer when they stop", async (stage) => {
    const [teacher, student] = await Promise.all([stage.person("teacher"), stage.person("student")]);
    await Promise.all([teacher.openRoom(STUDENT), student.openRoom(TEACHER)]);
    const typing = teacher.page.getByTestId("typing");

    await student.composer.pressSequentially("Just a moment");
    await until(
      "the teacher sees who is writing",
      () => typing.innerText(),
      (line) => line.includes(STUDENT),
    );
    await student.composer.fill("");
    await until(
      "the line is empty again",
      () => typing.innerText(),
      (line) => line.trim() === "",
    );
  });

  scene("the unread count of a room that is not open moves, and goes when it is read", async (stage) => {
    const [teacher, tutor] = await Promise.all([stage.person("teacher"), stage.person("tutor")]);
    await tutor.openRoom(TEACHER);
    await teacher.page.goto("/chat");
    const badge = teacher.roomInList("Daniel Brooks").getByTestId("unread-badge");
    await teacher.roomInList("Daniel Brooks").waitFor();
    const [before, total] = [await teacher.count(badge), await teacher.count(teacher.unreadTotal)];

    await tutor.write("Shall we talk about Masha?");
    await teacher.counts("unread in the room", badge, before + 1);
    await tutor.write("Tomorrow at five?");
    await teacher.counts("unread in the room", badge, before + 2);
    await teacher.counts("unread in all", teacher.unreadTotal, total + 2);
    await until(
      "the title counts it",
      () => teacher.page.title(),
      (title) => title.startsWith(`(${total + 2})`),
    );

    await teacher.openRoom("Daniel Brooks");
    await teacher.sees("Tomorrow at five?", "received");
    await teacher.counts("unread in the room", badge, 0);
    await teacher.counts("unread in all", teacher.unreadTotal, total - before);
  });

  scene("what was read in one tab is read in the other", async (stage) => {
    const [tutor, parent] = await Promise.all([stage.person("tutor"), stage.person("parent")]);
    const tab = await stage.tabOf(parent);
    await tab.page.goto("/chat");
    await tutor.openRoom("Ольга Иванова");
    await tutor.write("A word about next month.");
    const badge = tab.roomInList("Daniel Brooks").getByTestId("unread-badge");
    await until(
      "the other tab counts it",
      () => tab.count(badge),
      (count) => count > 0,
    );

    await parent.page.bringToFront();
    await parent.openRoom("Daniel Brooks");
    await parent.sees("A word about next month.", "received");
    await tab.counts("unread in the other tab", badge, 0);
  });

  scene("a message that looks like a program is only text", async (stage) => {
    const [teacher, student] = await Promise.all([stage.person("teacher"), stage.person("student")]);
    await Promise.all([teacher.openRoom(STUDENT), student.openRoom(TEACHER)]);
    const image = `<img src=x onerror="document.title='owned'">`;
    const link = "javascript:alert(document.domain)";
    const page = "See https://example.org/a?b=1&c=<script>alert(1)</script>";

    for (const text of [image, link, page]) await student.write(text);
    await teacher.sees(image, "received");
    await teacher.sees(link, "received");
    await teacher.sees(page, "received");

    for (const { page } of [teacher, student]) {
      const log = page.getByRole("log");
      expect(await log.locator("img").count()).toBe(0);
      expect(await log.locator("script").count()).toBe(0);
      const targets = await log
        .locator("a")
        .evaluateAll((links) => links.map((each) => each.getAttribute("href")));
      expect(targets).toContain("https://example.org/a?b=1&c=");
      expect(targets.filter((target) => !target?.startsWith("https://"))).toEqual([]);
      expect(await page.title()).not.toContain("owned");
    }
  });
});
