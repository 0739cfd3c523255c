/** How long things may take before they count as broken. Machines that run tests are slow and busy. */

/** One condition: an element appears, a message arrives. */
export const PATIENCE_MS = 30_000;
/** A server comes up. */
export const START_WITHIN_MS = 90_000;
/** A whole scene. */
export const SCENE_DEADLINE_MS = 150_000;

const LOOK_AGAIN_MS = 50;

/**
 * Asks until the answer is yes.
 *
 * Raises: Error that names `what` and the last answer, after `withinMs`.
 */
export async function until<T>(
  what: string,
  ask: () => Promise<T> | T,
  isYes: (answer: T) => boolean = Boolean,
  withinMs = PATIENCE_MS,
): Promise<T> {
  const giveUpAt = Date.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (isYes(answer)) return answer;
    if (Date.now() > giveUpAt) {
      throw new Error(
        `not within ${withinMs / 1000} s: ${what}; the last answer was ${JSON.stringify(answer)}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}
