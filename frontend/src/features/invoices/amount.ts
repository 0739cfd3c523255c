/** Amounts as people type them. */

/**
 * "1500", "1 500,50", "1500.5" → minor units of a currency with two decimals; null for anything else. Digits are
 * counted as text, because 0.29 * 100 is not 29.
 */
export function minorUnits(typed: string): number | null {
  const compact = typed.replace(/[\s\u00a0\u202f]/g, "").replace(",", ".");
  const match = /^(\d{1,9})(?:\.(\d{1,2}))?$/.exec(compact);
  if (!match) return null;
  const amount = Number(match[1]) * 100 + Number((match[2] ?? "").padEnd(2, "0"));
  return amount > 0 ? amount : null;
}
