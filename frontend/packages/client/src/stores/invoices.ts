/** The invoices that concern the signed-in person, live. */

import { withElement } from "../core/arrays.ts";
import type { RealtimeClient } from "../core/realtime.ts";
import type { InvoicesSnapshot } from "../core/types.ts";
import type { Invoice, InvoiceEvent, InvoicePage } from "../payloads.ts";
import { FollowedChannel } from "./followed-channel.ts";
import { LiveStore } from "./live-store.ts";

const EMPTY: InvoicesSnapshot = {
  status: "idle",
  error: null,
  invoices: [],
  hasMore: false,
  loadingMore: false,
};

const PATH = "/api/invoices/";

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

export class InvoicesStore extends LiveStore<InvoicesSnapshot> {
  #followed: FollowedChannel<InvoiceEvent> | null = null;
  #next: string | null = null;

  constructor(realtime: RealtimeClient) {
    super(realtime, EMPTY);
  }

  /** Loads the page after the last one that is loaded. Rejects with `RequestError` when that fails. */
  readonly loadMore = async (): Promise<void> => {
    const cursor = this.#next;
    if (cursor === null || this.getSnapshot().loadingMore) return;
    this.state.patch({ loadingMore: true });
    try {
      const page = await this.realtime.api.get<InvoicePage>(PATH, { cursor });
      if (this.#next !== cursor) return;
      this.#next = page.next;
      const known = new Set(this.getSnapshot().invoices.map(({ id }) => id));
      const fresh = page.results.filter(({ id }) => !known.has(id));
      this.state.patch({ invoices: [...this.getSnapshot().invoices, ...fresh], hasMore: page.next !== null });
    } finally {
      this.state.patch({ loadingMore: false });
    }
  };

  /** Shows an invoice that a REST call returned, without waiting for its event. */
  readonly put = (invoice: Invoice): void => {
    this.state.patch({ invoices: withInvoice(this.getSnapshot().invoices, invoice) });
  };

  protected attach(): void {
    const userId = this.realtime.identity.getSnapshot();
    if (this.#followed === null && userId !== null) {
      this.#followed = new FollowedChannel<InvoiceEvent>({
        channels: this.realtime.channels,
        channel: `invoices:#${userId}`,
        apply: (event) => this.#apply(event),
        onGap: this.loadAgain,
      });
    }
    this.#followed?.hold();
  }

  protected detach(): void {
    this.#followed?.close();
    this.#followed = null;
  }

  protected reset(): void {
    this.#next = null;
  }

  protected async load(isCurrent: () => boolean): Promise<void> {
    const page = await this.realtime.api.get<InvoicePage>(PATH);
    if (!isCurrent()) return;
    this.#next = page.next;
    this.state.patch({ invoices: page.results, hasMore: page.next !== null });
    this.#followed?.release(page.position);
  }

  #apply(event: InvoiceEvent): void {
    this.state.patch({ invoices: reduceInvoices(this.getSnapshot().invoices, event) });
  }
}
