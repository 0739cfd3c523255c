/** What happened to an invoice, as the timeline shows it. */
import type { Invoice } from "@vestnik/client";

const STEPS = [
  "created",
  "sent",
  "viewed",
  "overdue",
  "voided",
  "payment_started",
  "payment_waiting",
  "payment_succeeded",
  "payment_canceled",
  "refund_started",
  "refunded",
  "refund_canceled",
] as const;

export type Step = (typeof STEPS)[number];

export interface TimelineEntry {
  readonly key: string;
  readonly step: Step;
  readonly at: string;
  readonly amountMinor: number | null;
  /** Who or what did it: a person, a payment provider, or nobody that we know of. */
  readonly source: string | null;
}

/** The entries oldest first; a step that this page does not know is left out rather than shown as a code. */
export function timelineOf(invoice: Invoice): TimelineEntry[] {
  const entries: TimelineEntry[] = [];
  invoice.history.forEach((entry) => {
    const step = STEPS.find((known) => known === entry.what);
    if (!step) return;
    entries.push({
      key: String(entry.id),
      step,
      at: entry.at,
      amountMinor: entry.amount_minor,
      source: entry.actor?.display_name ?? providerName(entry.provider),
    });
  });
  return entries;
}

const PROVIDERS: Record<string, string> = { stripe: "Stripe", yookassa: "ЮKassa", sandbox: "Sandbox" };

function providerName(provider: string): string | null {
  return provider === "" ? null : (PROVIDERS[provider] ?? provider);
}
