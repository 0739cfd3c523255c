import { expect, test } from "vitest";
import { minorUnits } from "./amount";

test.each([
  ["1500", 150_000],
  ["1 500,50", 150_050],
  ["1\u00a0500.5", 150_050],
  ["0.29", 29],
  ["1.00", 100],
])("%j is %d", (typed, expected) => {
  expect(minorUnits(typed)).toBe(expected);
});

test.each(["", "0", "0,00", "-5", "1.234", "1e3", "abc", "1,500.00", "9".repeat(12)])(
  "%j is no amount",
  (typed) => {
    expect(minorUnits(typed)).toBeNull();
  },
);
