/** How it looks: languages, light and dark, a phone, and what a screen reader needs. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import { describe, expect } from "vitest";
import { until } from "./stage/patience.ts";
import type { Person } from "./stage/person.ts";
import { scene } from "./stage/scene.ts";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const GROUP = "Математика, 8 класс";
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };

describe("Look", () => {
  scene("the language changes without a reload, and stays", async (stage) => {
    const student = await stage.person("student");
    await student.page.goto("/settings");
    await student.page.getByRole("heading", { name: "Настройки" }).waitFor();
    await student.page.evaluate(() => Object.assign(window, { stillTheSamePage: true }));

    await student.page.getByLabel("English").click();
    await student.page.getByRole("heading", { name: "Settings" }).waitFor();
    expect(await student.page.evaluate(() => document.documentElement.lang)).toBe("en");
    expect(await student.page.evaluate(() => "stillTheSamePage" in window), "without a reload").toBe(true);
    await until(
      "the server knows",
      async () => (await student.api<{ language: string }>("/api/auth/me/")).language,
      (language) => language === "en",
    );
    await student.page.reload();
    await student.page.getByRole("heading", { name: "Settings" }).waitFor();

    await student.page.getByLabel("Русский").click();
    await student.page.getByRole("heading", { name: "Настройки" }).waitFor();
  });

  scene(
    "a room in light and dark, in Russian and English, without a violation that axe knows",
    async (stage) => {
      const [teacher, student] = await Promise.all([stage.person("teacher"), stage.person("student")]);
      await Promise.all([teacher.openRoom(GROUP), student.openRoom(GROUP)]);
      await student.write("Анна Сергеевна, а черновик сдавать?");
      await teacher.sees("Анна Сергеевна, а черновик сдавать?", "received");
      await teacher.write("Да, вместе с чистовиком 👍");
      await student.sees("Да, вместе с чистовиком 👍", "received");
      const languages = { ru: "Русский", en: "English" };
      const backgrounds = new Set<string>();

      for (const [language, label] of Object.entries(languages)) {
        await student.page.goto("/settings");
        await student.page.getByLabel(label).click();
        for (const theme of ["light", "dark"] as const) {
          await student.page.goto("/settings");
          await choose(student, theme);
          await student.page.goto("/chat");
          await student.openRoom(GROUP);
          await student.sees("Да, вместе с чистовиком 👍", "received");
          await expectAccessible(student, `the room, ${theme}, ${language}`);
          backgrounds.add(await student.page.evaluate(() => getComputedStyle(document.body).backgroundColor));
          await stage.picture(student, `room-${theme}-${language}`);
        }
      }
      expect(backgrounds.size, "light is not dark").toBe(2);
      await student.page.goto("/settings");
      await student.page.getByTestId("sign-out").waitFor();
      await expectAccessible(student, "the settings");
      await stage.picture(student, "settings");
      await choose(student, "system");
      await student.page.getByLabel("Русский").click();
    },
  );

  scene("signing in: both languages, without a violation that axe knows", async (stage) => {
    const visitor = await stage.visitor("visitor");
    await visitor.page.goto("/");
    await visitor.page.getByRole("button", { name: "Sign in" }).waitFor();
    await expectAccessible(visitor, "the sign-in page");
    await stage.picture(visitor, "sign-in");
    await visitor.page.getByLabel("Русский").click();
    await visitor.page.getByRole("button", { name: "Войти" }).waitFor();
    await visitor.page.emulateMedia({ colorScheme: "dark" });
    await expectAccessible(visitor, "the sign-in page, dark");
    await stage.picture(visitor, "sign-in-dark-ru");
  });

  scene("invoices and notifications without a violation that axe knows", async (stage) => {
    const parent = await stage.person("parent");
    await parent.page.goto("/invoices");
    await parent.page.getByTestId("invoice-list-item").first().click();
    await parent.page.getByTestId("invoice-timeline").waitFor();
    await expectAccessible(parent, "the invoices");
    await stage.picture(parent, "invoices");
    await parent.page.emulateMedia({ colorScheme: "dark" });
    await expectAccessible(parent, "the invoices, dark");
    await parent.page.getByTestId("bell").click();
    await parent.page.getByTestId("notification").first().waitFor();
    await expectAccessible(parent, "the notifications, dark");
    await stage.picture(parent, "notifications-dark");
  });

  scene("the connection bar says what is wrong, without a violation that axe knows", async (stage) => {
    const teacher = await stage.person("teacher");
    await teacher.openRoom(GROUP);
    await stage.site.killBackend();
    await teacher.trouble();
    await until(
      "it knows the reason",
      () => teacher.bar.getByRole("link").getAttribute("href"),
      (href) => href?.endsWith("#backend-down") ?? false,
    );
    await teacher.write("Это уйдёт, когда сервер вернётся");
    await teacher.sees("Это уйдёт, когда сервер вернётся", "queued", "sending");
    await expectAccessible(teacher, "the connection bar");
    await stage.picture(teacher, "connection-bar");
    await teacher.bar.getByRole("link").click();
    await teacher.page.waitForURL("**/help/connection#backend-down");
    await teacher.page.getByRole("heading", { level: 1 }).waitFor();
    await stage.picture(teacher, "help");
    await teacher.page.goBack();

    await stage.site.startBackend();
    await teacher.bar
      .getByRole("button")
      .click({ timeout: 2_000 })
      .catch(() => undefined); // it may be back by itself
    await teacher.sees("Это уйдёт, когда сервер вернётся", "stored", "read");
  });

  scene("a phone: nothing sticks out, and one can chat", async (stage) => {
    const [student, tutor] = await Promise.all([stage.person("student", PHONE), stage.person("tutor")]);
    await tutor.openRoom("Маша Иванова");
    await expectNothingSticksOut(student, "the list of rooms");
    await stage.picture(student, "phone-rooms");
    await student.openRoom("Daniel Brooks");
    await student.write("Пишу с телефона");
    await tutor.sees("Пишу с телефона", "received");
    await tutor.write("Вижу!");
    await student.sees("Вижу!", "received");
    await stage.picture(student, "phone-room");
    await tutor.write("Averylongwordthatnobodywouldeverwrite".repeat(6));
    await student.sees("Averylongwordthatnobodywouldeverwrite".repeat(6), "received");
    await expectNothingSticksOut(student, "the room");
    await student.page.goto("/settings");
    await student.online();
    await expectNothingSticksOut(student, "the settings");

    const parent = await stage.person("parent", PHONE);
    await parent.page.goto("/invoices");
    await parent.page.getByTestId("invoice-list-item").first().waitFor();
    await expectNothingSticksOut(parent, "the invoices");
    await stage.picture(parent, "phone-invoices");
    await parent.page.getByTestId("invoice-list-item").nth(1).click();
    await parent.page.getByTestId("invoice-timeline").waitFor();
    await expectNothingSticksOut(parent, "an invoice");
    await stage.picture(parent, "phone-invoice");
    await parent.page.goto("/invoices");
    await parent.page.getByTestId("bell").click();
    await parent.page.getByTestId("notification").first().waitFor();
    await expectNothingSticksOut(parent, "the notifications");
    await stage.picture(parent, "phone-notifications");
  });

  scene("four people side by side on the demo page", async (stage) => {
    const visitor = await stage.visitor("visitor", { viewport: { width: 1600, height: 1000 } });
    await visitor.page.goto("/demo");
    const view = (account: string) => visitor.page.frameLocator(`iframe[src="/?as=${account}"]`);
    for (const account of ["student", "teacher", "tutor", "parent"]) {
      await view(account).getByTestId("room-list-item").first().waitFor();
    }
    await view("student").getByText("Анна Сергеевна Петрова", { exact: true }).first().click();
    await view("teacher").getByText("Маша Иванова", { exact: true }).first().click();
    await view("student").getByTestId("composer").fill("Анна Сергеевна, я всё решила! 🎉");
    await view("student").getByTestId("composer").press("Enter");
    const words = view("teacher").getByTestId("message-text").filter({ hasText: "я всё решила" });
    await words.waitFor();
    for (const account of ["tutor", "parent"]) {
      await view(account).locator('a[href="/invoices"]').last().click();
      await view(account).getByTestId("invoice-list-item").first().waitFor();
    }
    await stage.picture(visitor, "demo");
  });
});

async function choose(person: Person, theme: "light" | "dark" | "system"): Promise<void> {
  const labels = {
    light: /^(Light|Светлое|Светлая)$/,
    dark: /^(Dark|Тёмное|Тёмная)$/,
    system: /^(As the system|Как в системе)$/,
  };
  await person.page.getByLabel(labels[theme]).click();
  await until(
    "the server knows",
    async () => (await person.api<{ theme: string }>("/api/auth/me/")).theme,
    (stored) => stored === theme,
  );
}

async function expectNothingSticksOut(person: Person, what: string): Promise<void> {
  const { page, screen } = await person.page.evaluate(() => ({
    page: document.documentElement.scrollWidth,
    screen: document.documentElement.clientWidth,
  }));
  expect(page, `the width of ${what}`).toBeLessThanOrEqual(screen);
}

async function expectAccessible(person: Person, what: string): Promise<void> {
  await person.page.evaluate(AXE);
  const violations = await person.page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run(): Promise<AxeResults> } };
    const results = await axe.run();
    return results.violations.map(
      ({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html).join(" | ")}`,
    );
  });
  expect(violations, `violations in ${what}`).toEqual([]);
}
