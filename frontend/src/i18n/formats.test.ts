import { expect, test } from "vitest";
import { dayKey, daysBetween, formatsFor } from "./formats";

test("money is written as the reader writes it", () => {
  expect(formatsFor("ru").money(150_050, "RUB").replace(/\s/gu, " ")).toBe("1 500,50 ₽");
  expect(formatsFor("en").money(150_050, "RUB").replace(/\s/gu, " ")).toBe("₽1,500.50");
  expect(formatsFor("en").money(150_000, "RUB")).toBe("₽1,500");
  expect(formatsFor("en").money(500, "JPY")).toBe("¥500");
});

test("a due date is a day of the reader, not a midnight in Greenwich", () => {
  expect(dayKey("2026-12-01")).toBe("2026-12-1");
});

test("relative days count calendar days", () => {
  const now = new Date(2026, 10, 24, 23, 50);
  expect(formatsFor("en").relativeDay("2026-11-25", now)).toBe("tomorrow");
  expect(formatsFor("ru").relativeDay("2026-11-21", now)).toBe("3 дня назад");
  expect(daysBetween(now, new Date(2026, 10, 25, 0, 5))).toBe(1);
});

test("the year is written when it is not this one", () => {
  const now = new Date(2026, 10, 24);
  expect(formatsFor("en").day("2026-12-01", now)).toBe("1 December");
  expect(formatsFor("en").day("2027-01-09", now)).toBe("9 January 2027");
});
