import { setupI18n } from "@lingui/core";
import { expect, test } from "vitest";
import { messages } from "../../i18n/locales/en.po";
import { ANNA, MASHA, room } from "../../testing/samples";
import { readOnlyReason, roomTitle } from "./rooms";

const i18n = setupI18n({ locale: "en", messages: { en: messages } });
const t = (id: string, values?: Record<string, unknown>) => i18n._(id, values);

test("a direct room is called after the other person", () => {
  expect(roomTitle(t, room(), MASHA.id)).toBe(ANNA.display_name);
  expect(roomTitle(t, room(), ANNA.id)).toBe(MASHA.display_name);
});

test("a group is called by its title, and without one after its people", () => {
  expect(roomTitle(t, room({ kind: "group", title: "Algebra" }), MASHA.id)).toBe("Algebra");
  expect(roomTitle(t, room({ kind: "group" }), 99)).toBe("Анна Петрова, Маша Иванова");
});

test("a room that everybody else has left still has a name", () => {
  expect(roomTitle(t, room({ members: [MASHA] }), MASHA.id)).toBe("Empty conversation");
});

test("a room says why it is read-only", () => {
  expect(readOnlyReason(room())).toBeNull();
  expect(readOnlyReason(room({ can_send: false }))).toBe("relation_ended");
  expect(readOnlyReason(room({ can_send: false, is_locked: true }))).toBe("locked");
});
