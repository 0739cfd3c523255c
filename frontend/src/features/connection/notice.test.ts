import { expect, test } from "vitest";
import { connection } from "../../testing/samples";
import { noticeFor } from "./notice";

const LOST = connection({ state: "reconnecting", since: 10_000, lostAt: 10_000 });

test("the first two seconds of an outage are nobody's business", () => {
  expect(noticeFor(LOST, 11_999).kind).toBe("none");
  expect(noticeFor(LOST, 12_000).kind).toBe("trouble");
});

test("the outage counts from its beginning, however often the state changed since", () => {
  expect(noticeFor({ ...LOST, since: 19_500 }, 20_000).kind).toBe("trouble");
});

test("a first connection that takes long is trouble too", () => {
  const connecting = connection({ state: "connecting", since: 0 });
  expect(noticeFor(connecting, 1_000).kind).toBe("none");
  expect(noticeFor(connecting, 2_500).kind).toBe("trouble");
});

test("a wait of five seconds or more counts down", () => {
  const waiting = { ...LOST, retryInMs: 8_000, retryAt: 20_000 };
  expect(noticeFor(waiting, 12_000)).toMatchObject({ secondsLeft: 8 });
  expect(noticeFor(waiting, 19_200)).toMatchObject({ secondsLeft: 1 });
  expect(noticeFor(waiting, 21_000)).toMatchObject({ secondsLeft: 0 });
});

test("a shorter wait has no countdown", () => {
  expect(noticeFor({ ...LOST, retryInMs: 3_000, retryAt: 15_000 }, 12_500)).toMatchObject({
    secondsLeft: null,
  });
});

test("back online is said for a moment after more than ten seconds", () => {
  const back = connection({ since: 50_000, lastOutageMs: 10_001, caughtUp: 3 });
  expect(noticeFor(back, 51_000)).toEqual({ kind: "back-online", caughtUp: 3 });
  expect(noticeFor(back, 56_000).kind).toBe("none");
});

test("a short outage ends without a word", () => {
  expect(noticeFor(connection({ since: 50_000, lastOutageMs: 10_000 }), 50_500).kind).toBe("none");
});

test("signed out is not an outage", () => {
  expect(noticeFor(connection({ state: "signed-out" }), 60_000).kind).toBe("none");
});
