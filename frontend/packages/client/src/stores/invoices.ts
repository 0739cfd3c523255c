/** The invoices that concern the signed-in person, live. */

import { withElement } from "../core/arrays.ts";
import type { RealtimeClient } from "../core/realtime.ts";
import type { InvoicesSnapshot } from "../core/types.ts";
import type { Invoice, InvoiceEvent, InvoicePage } from "../payloads.ts";
import { PersonalStore } from "./personal-store.ts";

const EMPTY: InvoicesSnapshot = {
  status: "idle",
  error: null,
  invoices: [],
  hasMore: false,
  loadingMore: false,
};

const stores = new WeakMap<RealtimeClient, InvoicesStore>();

/** The invoices of a realtime, made at first use. */
export function invoicesOf(realtime: RealtimeClient): InvoicesStore {
  let store = stores.get(realtime);
  if (store === undefined) {
    store = new InvoicesStore(realtime);
    stores.set(realtime, store);
  }
  return store;
}

/** Applies one event; each carries the whole invoice, so the last one wins, and a repeated one changes nothing. */
function reduceInvoices(invoices: readonly Invoice[], event: InvoiceEvent): readonly Invoice[] {
  return "invoice" in event ? withInvoice(invoices, event.invoice) : invoices;
}

function withInvoice(invoices: readonly Invoice[], invoice: Invoice): readonly Invoice[] {
  const index = invoices.findIndex(({ id }) => id === invoice.id);
  if (index >= 0) return withElement(invoices, index, invoice);
  return [...invoices, invoice].sort((left, right) => right.id - left.id);
}

export class InvoicesStore extends PersonalStore<InvoicesSnapshot, InvoiceEvent, InvoicePage> {
  constructor(realtime: RealtimeClient) {
    super(realtime, { namespace: "invoices", path: "/api/invoices/" }, EMPTY);
  }

  /** Shows an invoice that a REST call returned, without waiting for its event. */
  readonly put = (invoice: Invoice): void => {
    this.state.patch({ invoices: withInvoice(this.getSnapshot().invoices, invoice) });
  };

  protected withFirst(page: InvoicePage): Partial<InvoicesSnapshot> {
    return { invoices: page.results };
  }

  protected withMore(page: InvoicePage): Partial<InvoicesSnapshot> {
    const { invoices } = this.getSnapshot();
    const known = new Set(invoices.map(({ id }) => id));
    return { invoices: [...invoices, ...page.results.filter(({ id }) => !known.has(id))] };
  }

  protected withEvent(event: InvoiceEvent): Partial<InvoicesSnapshot> {
    return { invoices: reduceInvoices(this.getSnapshot().invoices, event) };
  }
}
