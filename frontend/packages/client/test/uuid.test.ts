import { expect, it } from "vitest";
import { uuidv7 } from "../src/core/uuid.ts";

it("carries version 7, the variant and the time", () => {
  const id = uuidv7(Date.UTC(2099, 0, 1));
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16)).toBe(Date.UTC(2099, 0, 1));
});

it("increases strictly, within a millisecond and when the clock steps back", () => {
  const now = Date.UTC(2099, 1, 1);
  const ids = Array.from({ length: 10_000 }, () => uuidv7(now));
  ids.push(uuidv7(now - 60_000));
  expect(ids).toEqual([...ids].sort());
  expect(new Set(ids).size).toBe(ids.length);
});
