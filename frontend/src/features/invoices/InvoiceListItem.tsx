import type { Invoice } from "@vestnik/client";
import { Link } from "wouter";
import { useText } from "../../i18n/useText";
import { classes } from "../../ui/classes";
import { DueDate } from "./DueDate";
import { StatusChip } from "./StatusChip";

export function InvoiceListItem({ invoice, open }: { invoice: Invoice; open: boolean }) {
  const { formats } = useText();
  return (
    <li>
      <Link
        href={`/invoices/${invoice.id}`}
        aria-current={open ? "page" : undefined}
        data-testid="invoice-list-item"
        data-invoice-id={invoice.id}
        className={classes(
          "flex flex-col gap-2 rounded-xl px-3 py-3 transition-colors",
          open ? "bg-accent-soft" : "hover:bg-sunken",
        )}
      >
        <span className="flex items-baseline gap-3">
          <span className="min-w-0 flex-1 truncate font-medium">{invoice.description}</span>
          <span className="tabular shrink-0 font-semibold">
            {formats.money(invoice.amount_minor, invoice.currency)}
          </span>
        </span>
        <span className="flex items-center gap-3 text-sm text-ink-soft">
          <span className="min-w-0 flex-1 truncate">
            <DueDate invoice={invoice} /> · {invoice.number}
          </span>
          <StatusChip invoice={invoice} />
        </span>
      </Link>
    </li>
  );
}
