import { act, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { useReadPointer } from "./useReadPointer";

let focused = true;

beforeEach(() => {
  vi.useFakeTimers();
  focused = true;
  vi.spyOn(document, "hasFocus").mockImplementation(() => focused);
});
afterEach(() => {
  vi.useRealTimers();
});

function open(visible: number, read: number) {
  const markRead = vi.fn();
  const hook = renderHook(({ visibleSeq, lastRead }) => useReadPointer(visibleSeq, lastRead, markRead), {
    initialProps: { visibleSeq: visible, lastRead: read },
  });
  return { markRead, ...hook };
}

test("what was on the screen for a second is read", () => {
  const { markRead } = open(5, 3);
  vi.advanceTimersByTime(999);
  expect(markRead).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(markRead).toHaveBeenCalledExactlyOnceWith(5);
});

test("a busy room moves the pointer once a second, to the latest", () => {
  const { markRead, rerender } = open(1, 0);
  for (let seq = 2; seq <= 25; seq += 1) {
    vi.advanceTimersByTime(100);
    rerender({ visibleSeq: seq, lastRead: 0 });
  }
  expect(markRead.mock.calls).toEqual([[10], [20]]);
});

test("without the focus nothing is read, and afterwards the second starts anew", () => {
  focused = false;
  const { markRead } = open(5, 3);
  vi.advanceTimersByTime(5_000);
  expect(markRead).not.toHaveBeenCalled();
  act(() => {
    focused = true;
    window.dispatchEvent(new Event("focus"));
  });
  vi.advanceTimersByTime(999);
  expect(markRead).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(markRead).toHaveBeenCalledExactlyOnceWith(5);
});

test("what was read already is not told again", () => {
  const { markRead } = open(3, 3);
  vi.advanceTimersByTime(5_000);
  expect(markRead).not.toHaveBeenCalled();
});
