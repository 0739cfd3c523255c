import { expect, test } from "vitest";
import { notification } from "../../testing/samples";
import { byDay } from "./groups";
import { isOwnAddress } from "./link";
import { isWorthAToast } from "./worth";

test("the feed is grouped by the reader's days and keeps its order", () => {
  const at = (day: number, hour: number) => new Date(2026, 10, day, hour).toISOString();
  const feed = [
    notification(4, { created_at: at(24, 9) }),
    notification(3, { created_at: at(24, 0) }),
    notification(2, { created_at: at(23, 23) }),
    notification(1, { created_at: at(20, 12) }),
  ];
  expect(byDay(feed).map((group) => group.notifications.map(({ id }) => id))).toEqual([[4, 3], [2], [1]]);
});

test("a notification that has grown stands on the day on which it grew", () => {
  const grown = notification(1, { created_at: "2026-11-20T12:00:00Z", updated_at: "2026-11-24T12:00:00Z" });
  expect(byDay([grown])[0]?.at).toBe("2026-11-24T12:00:00Z");
});

test("no toast for the open room, nor in a hidden tab", () => {
  const message = notification(1, { link: "/chat/7" });
  expect(isWorthAToast(message, "/chat/8", true)).toBe(true);
  expect(isWorthAToast(message, "/chat/7", true)).toBe(false);
  expect(isWorthAToast(message, "/chat/8", false)).toBe(false);
});

test.each(["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", ""])(
  "a notification does not lead to %j",
  (link) => {
    expect(isOwnAddress(link)).toBe(false);
  },
);

test("a notification leads to a page of the site", () => {
  expect(isOwnAddress("/invoices/5")).toBe(true);
});
