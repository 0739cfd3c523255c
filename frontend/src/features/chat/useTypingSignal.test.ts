import { act, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { useTypingSignal } from "./useTypingSignal";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("typing is told at once, then at most every three seconds", () => {
  const setTyping = vi.fn();
  const { result } = renderHook(() => useTypingSignal(setTyping));
  for (let elapsed = 0; elapsed < 3_500; elapsed += 100) {
    act(() => result.current.typed());
    vi.advanceTimersByTime(100);
  }
  expect(setTyping.mock.calls).toEqual([[true], [true]]);
});

test("a pause ends it by itself", () => {
  const setTyping = vi.fn();
  const { result } = renderHook(() => useTypingSignal(setTyping));
  act(() => result.current.typed());
  vi.advanceTimersByTime(4_000);
  expect(setTyping.mock.calls).toEqual([[true], [false]]);
});

test("leaving the room ends it", () => {
  const setTyping = vi.fn();
  const { result, unmount } = renderHook(() => useTypingSignal(setTyping));
  act(() => result.current.typed());
  unmount();
  expect(setTyping).toHaveBeenLastCalledWith(false);
});

test("what never began is not ended", () => {
  const setTyping = vi.fn();
  const { result } = renderHook(() => useTypingSignal(setTyping));
  act(() => result.current.stopped());
  expect(setTyping).not.toHaveBeenCalled();
});
