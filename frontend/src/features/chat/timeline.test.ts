import { expect, test } from "vitest";
import { ANNA, MASHA, message, pending } from "../../testing/samples";
import { buildTimeline, countAfter, type Row } from "./timeline";

const INPUT = { pending: [], userId: MASHA.id, unread: { after: 5, upTo: 5 } };

/** The rows in a form that reads at a glance: `[` starts a group, `]` ends it. */
function sketch(rows: Row[]): string[] {
  return rows.map((row) => {
    if (row.type === "day") return "day";
    if (row.type === "unread") return `unread ${row.count}`;
    const what = row.type === "message" ? row.message.seq : "pending";
    return `${row.startsGroup ? "[" : ""}${what}${row.endsGroup ? "]" : ""}`;
  });
}

test("messages of one author within five minutes stand together", () => {
  const messages = [
    message(1, { created_at: "2026-11-24T12:00:00Z" }),
    message(2, { created_at: "2026-11-24T12:04:59Z" }),
    message(3, { created_at: "2026-11-24T12:09:59Z" }),
    message(4, { created_at: "2026-11-24T12:10:30Z", sender: MASHA }),
  ];
  expect(sketch(buildTimeline({ ...INPUT, messages }))).toEqual(["day", "[1", "2]", "[3]", "[4]"]);
});

test("a new day starts with its separator and a group of its own", () => {
  const messages = [
    message(1, { created_at: new Date(2026, 10, 23, 23, 59).toISOString() }),
    message(2, { created_at: new Date(2026, 10, 24, 0, 1).toISOString() }),
  ];
  expect(sketch(buildTimeline({ ...INPUT, messages }))).toEqual(["day", "[1]", "day", "[2]"]);
});

test("the line stands above the first unread message of somebody else and counts those of others", () => {
  const messages = [
    message(1),
    message(2, { sender: MASHA }),
    message(3),
    message(4, { sender: MASHA }),
    message(5),
  ];
  expect(sketch(buildTimeline({ ...INPUT, messages, unread: { after: 1, upTo: 5 } }))).toEqual([
    "day",
    "[1]",
    "[2]",
    "unread 2",
    "[3]",
    "[4]",
    "[5]",
  ]);
});

test("without anything unread there is no line", () => {
  const messages = [message(1), message(2, { sender: MASHA })];
  expect(sketch(buildTimeline({ ...INPUT, messages, unread: { after: 1, upTo: 5 } }))).toEqual([
    "day",
    "[1]",
    "[2]",
  ]);
});

test("what arrives while one looks gets no line", () => {
  const messages = [message(1), message(2), message(3)];
  expect(sketch(buildTimeline({ ...INPUT, messages, unread: { after: 1, upTo: 1 } }))).toEqual([
    "day",
    "[1",
    "2",
    "3]",
  ]);
  expect(sketch(buildTimeline({ ...INPUT, messages, unread: { after: 1, upTo: 2 } }))).toContain("unread 1");
});

test("what waits stands at the end, in the group of its author", () => {
  const messages = [message(1, { sender: MASHA })];
  const rows = buildTimeline({ ...INPUT, messages, pending: [pending("a"), pending("b")] });
  expect(sketch(rows)).toEqual(["day", "[1", "pending", "pending]"]);
});

test("a message that arrived replaces its pending form under the same key", () => {
  const stored = message(1, { sender: MASHA, client_id: "a" });
  const before = buildTimeline({ ...INPUT, messages: [], pending: [pending("a")] });
  const after = buildTimeline({ ...INPUT, messages: [stored], pending: [pending("a")] });
  expect(before.map((row) => row.key)).toEqual(after.map((row) => row.key));
  expect(after.filter((row) => row.type !== "day")).toHaveLength(1);
});

test("keys are unique", () => {
  const messages = [message(1), message(2, { sender: ANNA }), message(3, { sender: MASHA })];
  const keys = buildTimeline({
    ...INPUT,
    messages,
    unread: { after: 0, upTo: 3 },
    pending: [pending("x")],
  }).map((row) => row.key);
  expect(new Set(keys).size).toBe(keys.length);
});

test("waiting messages of others are counted after what was shown", () => {
  const messages = [message(1), message(2), message(3, { sender: MASHA }), message(4)];
  expect(countAfter(messages, 1, MASHA.id)).toBe(2);
  expect(countAfter(messages, 4, MASHA.id)).toBe(0);
});
