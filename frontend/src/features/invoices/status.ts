/** What an invoice's status looks like and what may be done with it. */
import type { Invoice } from "@vestnik/client";

const DISPLAY_STATUSES = [
  "draft",
  "sent",
  "viewed",
  "overdue",
  "partially_paid",
  "paid",
  "partially_refunded",
  "refunded",
  "void",
] as const;

export type DisplayStatus = (typeof DISPLAY_STATUSES)[number];

export function displayStatus(invoice: Invoice): DisplayStatus {
  return DISPLAY_STATUSES.find((status) => status === invoice.display_status) ?? "sent";
}

/** What is still owed, in minor units. */
export function outstanding(invoice: Invoice): number {
  return Math.max(0, invoice.amount_minor - invoice.paid_minor);
}

export interface Possibilities {
  readonly pay: boolean;
  readonly send: boolean;
  readonly cancel: boolean;
}

/** What this person may do now. The server decides in the end; the page only does not offer what would be refused. */
export function possibilities(invoice: Invoice, userId: number | null): Possibilities {
  const payable = invoice.status === "open" || invoice.status === "partially_paid";
  const issuer = invoice.issuer.id === userId;
  return {
    pay: payable && invoice.payer.id === userId,
    send: invoice.status === "draft" && issuer,
    cancel:
      issuer &&
      paymentUnderWay(invoice) === null &&
      (invoice.status === "draft" || (invoice.status === "open" && invoice.paid_minor === 0)),
  };
}

/** Whether the last attempt to pay has failed, so that it is worth saying where the money is. */
export function paymentFailed(invoice: Invoice): boolean {
  if (outstanding(invoice) === 0 || invoice.status === "void") return false;
  return invoice.history.findLast((entry) => entry.what.startsWith("payment_"))?.what === "payment_canceled";
}

/** Whether an attempt to pay is under way: started, and neither succeeded nor canceled. */
export function paymentUnderWay(invoice: Invoice): { since: string; waiting: boolean } | null {
  if (outstanding(invoice) === 0 || invoice.status === "void") return null;
  const last = invoice.history.findLast((entry) => entry.what.startsWith("payment_"));
  if (!last || (last.what !== "payment_started" && last.what !== "payment_waiting")) return null;
  return { since: last.at, waiting: last.what === "payment_waiting" };
}
