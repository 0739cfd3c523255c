/** Invoices and payments as a service: a typed view on the one connection. */

import type { RealtimeClient } from "../core/realtime.ts";
import type { Unsubscribe } from "../core/types.ts";
import type { Invoice, InvoiceEvent, InvoiceStatus, Payment } from "../payloads.ts";
import { type InvoicesStore, invoicesOf } from "../stores/invoices.ts";
import { type ChannelHandlers, connectPersonal } from "./personal.ts";

export interface InvoiceHandlers extends ChannelHandlers {
  onCreated?(invoice: Invoice): void;
  onChanged?(change: { invoice: Invoice; oldStatus: InvoiceStatus; newStatus: InvoiceStatus }): void;
  /** The server has booked the payment; nothing else means "paid". */
  onPaid?(paid: { invoice: Invoice; payment: Payment }): void;
  onPayment?(payment: Payment): void;
}

export class InvoiceWebSocketService {
  readonly #realtime: () => RealtimeClient;
  #connections: Unsubscribe[] = [];

  constructor(realtime: () => RealtimeClient) {
    this.#realtime = realtime;
  }

  /** Starts hearing of invoices. May be called by several parts of a page; the returned function ends one of them. */
  connect(handlers: InvoiceHandlers = {}): Unsubscribe {
    const channel = {
      label: "InvoiceWebSocket",
      namespace: "invoices",
      store: invoicesOf,
      handle: (event: InvoiceEvent) => dispatch(event, handlers),
    };
    const stop = connectPersonal(this.#realtime(), channel, handlers);
    this.#connections.push(stop);
    return () => {
      if (!this.#connections.includes(stop)) return;
      this.#connections = this.#connections.filter((other) => other !== stop);
      stop();
    };
  }

  /** Ends all that `connect` began. The connection stays. */
  disconnect(): void {
    for (const stop of this.#connections.splice(0)) stop();
  }

  /** The invoices, without opening them. */
  store(): InvoicesStore {
    return invoicesOf(this.#realtime());
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
