/** The tutor issues an invoice, the parent pays it, and everybody who looks at it sees that. */
import { describe, expect } from "vitest";
import { until } from "./stage/patience.ts";
import type { Person } from "./stage/person.ts";
import { type Stage, scene } from "./stage/scene.ts";

const PAID = /paid|оплачен/i;

describe("Invoices and notifications", () => {
  scene("an invoice arrives live, is paid, and turns paid in every window that shows it", async (stage) => {
    const [tutor, parent] = await Promise.all([stage.person("tutor"), stage.person("parent")]);
    const secondTab = await stage.tabOf(parent);
    await parent.page.goto("/invoices");
    const id = await issue(tutor, "Eight lessons, winter", "4800");

    const arrived = parent.page.getByTestId("invoice-list-item").filter({ hasText: "Eight lessons, winter" });
    await arrived.click();
    await statusOf(parent, "viewed", "sent");
    await statusOf(tutor, "viewed");
    await secondTab.page.goto(`/invoices/${id}`);
    await statusOf(secondTab, "viewed");

    await stage.picture(parent, "invoice-to-pay");
    await parent.page.getByTestId("pay").click();
    await parent.page.waitForURL("**/payments/sandbox/**");
    await stage.picture(parent, "checkout");
    await parent.page.locator("button[value=pay]").click();

    await parent.page.waitForURL(`**/invoices/${id}`);
    await statusOf(parent, "paid");
    await statusOf(secondTab, "paid");
    await statusOf(tutor, "paid");
    for (const person of [parent, secondTab, tutor]) await person.page.getByTestId("invoice-paid").waitFor();
    await stage.picture(parent, "invoice-paid");
    await stage.picture(tutor, "invoice-paid-tutor");
  });

  scene("a declined payment says what happened to the money, and can be tried again", async (stage) => {
    const [tutor, parent] = await Promise.all([stage.person("tutor"), stage.person("parent")]);
    const id = await issue(tutor, "One more lesson", "600");
    await parent.page.goto(`/invoices/${id}`);
    await parent.page.getByTestId("pay").click();
    await parent.page.waitForURL("**/payments/sandbox/**");
    await parent.page.locator("button[value=decline]").click();
    await parent.page.waitForURL(`**/invoices/${id}`);

    await parent.page.locator('[data-step="payment_canceled"]').waitFor();
    await parent.page.getByTestId("payment-declined").waitFor();
    await tutor.page.locator('[data-step="payment_canceled"]').waitFor();
    expect(await parent.page.getByTestId("invoice-status").last().getAttribute("data-status")).not.toBe(
      "paid",
    );
    await stage.picture(parent, "invoice-declined");

    await parent.page.getByTestId("pay").click();
    await parent.page.waitForURL("**/payments/sandbox/**");
    await parent.page.locator("button[value=pay]").click();
    await parent.page.waitForURL(`**/invoices/${id}`);
    await statusOf(parent, "paid");
    await statusOf(tutor, "paid");
  });

  scene(
    "a notification arrives live: the bell counts it, a toast shows it, and it leads to the thing",
    async (stage) => {
      const [tutor, parent] = await Promise.all([stage.person("tutor"), stage.person("parent")]);
      await parent.page.goto("/settings");
      await parent.online();
      await parent.page.getByTestId("bell").click();
      await parent.counts("the bell after a look", parent.bellCount, 0);
      await parent.page.keyboard.press("Escape");

      const id = await issue(tutor, "A lesson to be told of", "700");
      await parent.counts("the bell", parent.bellCount, 1);
      const toast = parent.page.locator("[data-sonner-toast]").filter({ hasText: "A lesson to be told of" });
      await toast.waitFor();
      await stage.picture(parent, "notification");

      await parent.page.getByTestId("bell").click();
      const told = parent.page.getByTestId("notification").filter({ hasText: "A lesson to be told of" });
      await parent.counts("the bell after a look", parent.bellCount, 0);
      await stage.picture(parent, "notifications");
      await told.first().click();
      await parent.page.waitForURL(`**/invoices/${id}`);
    },
  );

  scene(
    "a message to somebody who looks elsewhere rings the bell once and counts in the title",
    async (stage) => {
      const [tutor, parent] = await readAll(stage);
      await parent.page.goto("/settings");
      await parent.online();
      await until(
        "nothing is unread",
        () => parent.page.title(),
        (title) => !title.startsWith("("),
      );

      await tutor.write("Are you there?");
      await parent.counts("the bell", parent.bellCount, 1);
      await until(
        "the title counts it",
        () => parent.page.title(),
        (title) => title.startsWith("(1) "),
      );
      await tutor.write("It can wait.");
      await until(
        "the title counts both",
        () => parent.page.title(),
        (title) => title.startsWith("(2) "),
      );
      expect(await parent.count(parent.bellCount), "one notification for all that waits").toBe(1);
    },
  );
});

/** The tutor writes to a parent who has read everything and seen every notification. */
async function readAll(stage: Stage): Promise<[Person, Person]> {
  const [tutor, parent] = await Promise.all([stage.person("tutor"), stage.person("parent")]);
  await tutor.openRoom("Ольга Иванова");
  const { results } = await parent.api<{ results: { id: number; last_message: { seq: number } | null }[] }>(
    "/api/chat/rooms/",
  );
  for (const { id, last_message } of results) {
    if (last_message) await parent.api(`/api/chat/rooms/${id}/read/`, "POST", { seq: last_message.seq });
  }
  await parent.api("/api/notifications/read-all/", "POST");
  await parent.page.getByTestId("bell").click();
  await parent.counts("the bell after a look", parent.bellCount, 0);
  await parent.page.keyboard.press("Escape");
  return [tutor, parent];
}

/** The tutor writes an invoice and sends it; its id. */
async function issue(tutor: Person, what: string, amount: string): Promise<number> {
  await tutor.page.goto("/invoices");
  await tutor.page.getByTestId("new-invoice").click();
  await tutor.page.locator("input[name=amount]").fill(amount);
  await tutor.page.locator("input[name=description]").fill(what);
  await tutor.page.locator("[role=dialog] button[type=submit]").click();
  await tutor.page.waitForURL(/\/invoices\/\d+$/);
  await statusOf(tutor, "sent");
  return Number(tutor.page.url().split("/").at(-1));
}

async function statusOf(person: Person, ...wanted: string[]): Promise<void> {
  const chip = person.page.getByTestId("invoice").getByTestId("invoice-status");
  await until(
    `${person.name} sees the invoice ${wanted.join(" or ")}`,
    async () => ((await chip.count()) === 1 ? await chip.getAttribute("data-status") : null),
    (status) => status !== null && wanted.includes(status),
  );
  if (wanted[0] === "paid") expect(await chip.innerText()).toMatch(PAID);
}
