/** Immutable changes of lists. */

/** A copy of `list` with one element replaced (`Array.prototype.with`, for browsers that lack it). */
export function withElement<T>(list: readonly T[], index: number, element: T): readonly T[] {
  const copy = [...list];
  copy[index] = element;
  return copy;
}
