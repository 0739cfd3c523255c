import { useQuery } from "@tanstack/react-query";
import type { Invoice } from "@vestnik/client";
import { useInvoices, useRealtime, useSession } from "@vestnik/client/react";
import { useEffect } from "react";
import { Link } from "wouter";
import { errorText } from "../../i18n/errors";
import { useText } from "../../i18n/useText";
import { Button } from "../../ui/Button";
import { Empty } from "../../ui/Empty";
import { AlertIcon, BackIcon } from "../../ui/icons";
import { Spinner } from "../../ui/Spinner";
import { DueDate } from "./DueDate";
import { InvoiceActions } from "./InvoiceActions";
import { StatusChip } from "./StatusChip";
import { outstanding, possibilities } from "./status";
import { Timeline } from "./Timeline";

/** One invoice: live if it is in the list, else fetched once and put there. */
export function InvoiceView({ invoiceId }: { invoiceId: number }) {
  const { t } = useText();
  const { api } = useRealtime();
  const { invoices, status, put } = useInvoices();
  const invoice = invoices.find((candidate) => candidate.id === invoiceId);

  const single = useQuery({
    queryKey: ["invoice", invoiceId],
    queryFn: async () => {
      const found = await api.get<Invoice>(`/api/invoices/${invoiceId}/`);
      put(found);
      return found;
    },
    enabled: status === "ready" && !invoice,
    retry: false,
  });

  if (invoice) return <InvoiceDetails invoice={invoice} />;
  if (single.isError) {
    return (
      <Empty icon={<AlertIcon size={28} />} title={errorText(t, single.error)}>
        <Button onClick={() => void single.refetch()}>{t("common.retry")}</Button>
      </Empty>
    );
  }
  return <Spinner label={t("common.loading")} />;
}

function InvoiceDetails({ invoice }: { invoice: Invoice }) {
  const { t, formats } = useText();
  const { userId } = useSession();
  const { api } = useRealtime();
  const { put } = useInvoices();
  const can = possibilities(invoice, userId);

  // The first look of the payer is a fact that the issuer may see.
  const unseen = can.pay && invoice.first_viewed_at === null;
  useEffect(() => {
    if (!unseen) return;
    api.post<Invoice>(`/api/invoices/${invoice.id}/view/`).then(put, () => undefined);
  }, [unseen, api, put, invoice.id]);

  const facts: [string, React.ReactNode][] = [
    [t("invoice.due.label"), <DueDate key="due" invoice={invoice} absolute />],
    [t("invoice.student"), invoice.student.display_name],
    [t("invoice.payer"), invoice.payer.display_name],
    [t("invoice.issuer"), invoice.issuer.display_name],
  ];
  if (invoice.paid_minor > 0) {
    facts.push([t("invoice.paidSum"), formats.money(invoice.paid_minor, invoice.currency)]);
  }
  if (invoice.paid_minor > 0 && outstanding(invoice) > 0) {
    facts.push([t("invoice.rest"), formats.money(outstanding(invoice), invoice.currency)]);
  }
  if (invoice.refunded_minor > 0) {
    facts.push([t("invoice.refundedSum"), formats.money(invoice.refunded_minor, invoice.currency)]);
  }

  return (
    <article className="h-full overflow-y-auto" data-testid="invoice" data-invoice-id={invoice.id}>
      <div className="mx-auto max-w-2xl px-5 py-4 sm:px-8 md:py-9">
        <Link
          href="/invoices"
          className="mb-2 inline-flex min-h-11 items-center gap-1.5 text-ink-soft hover:text-ink md:hidden"
        >
          <BackIcon size={18} />
          {t("nav.invoices")}
        </Link>
        <header className="flex flex-wrap items-start justify-between gap-3">
          <div className="min-w-0">
            <p className="tabular text-sm text-ink-soft">{t("invoice.number", { number: invoice.number })}</p>
            <h2 className="mt-1 text-xl font-semibold wrap-hard">{invoice.description}</h2>
          </div>
          <StatusChip invoice={invoice} />
        </header>
        <p className="tabular mt-5 text-4xl font-bold tracking-tight">
          {formats.money(invoice.amount_minor, invoice.currency)}
        </p>

        <InvoiceActions invoice={invoice} can={can} />

        <dl className="mt-7 grid grid-cols-[auto_1fr] gap-x-6 gap-y-2.5 border-t border-line pt-6">
          {facts.map(([label, value]) => (
            <div key={label} className="contents">
              <dt className="text-ink-soft">{label}</dt>
              <dd className="tabular text-right sm:text-left">{value}</dd>
            </div>
          ))}
        </dl>

        <h3 className="mt-9 mb-4 font-semibold">{t("invoice.timeline")}</h3>
        <Timeline invoice={invoice} />
      </div>
    </article>
  );
}
