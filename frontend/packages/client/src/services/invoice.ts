/** Invoices and payments as a service: a typed view on the one connection. */

import type { RealtimeClient } from "../core/realtime.ts";
import type { Invoice, InvoiceEvent, InvoiceStatus, Payment } from "../payloads.ts";
import { type InvoicesStore, invoicesOf } from "../stores/invoices.ts";
import { type ChannelHandlers, PersonalService } from "./personal.ts";

export interface InvoiceHandlers extends ChannelHandlers {
  onCreated?(invoice: Invoice): void;
  onChanged?(change: { invoice: Invoice; oldStatus: InvoiceStatus; newStatus: InvoiceStatus }): void;
  /** The server has booked the payment; nothing else means "paid". */
  onPaid?(paid: { invoice: Invoice; payment: Payment }): void;
  onPayment?(payment: Payment): void;
}

export class InvoiceWebSocketService extends PersonalService<InvoiceEvent, InvoiceHandlers, InvoicesStore> {
  constructor(realtime: () => RealtimeClient) {
    super(realtime, { label: "InvoiceWebSocket", namespace: "invoices", store: invoicesOf, dispatch });
  }
}

function dispatch(event: InvoiceEvent, handlers: InvoiceHandlers): void {
  switch (event.type) {
    case "invoice.created":
      handlers.onCreated?.(event.invoice);
      break;
    case "invoice.changed":
      handlers.onChanged?.({
        invoice: event.invoice,
        oldStatus: event.old_status,
        newStatus: event.new_status,
      });
      break;
    case "invoice.paid":
      handlers.onPaid?.({ invoice: event.invoice, payment: event.payment });
      break;
    case "payment.changed":
      handlers.onPayment?.(event.payment);
      break;
    default:
  }
}
