import { useInvoices, useSession } from "@vestnik/client/react";
import { lazy, Suspense, useState } from "react";
import { codeText } from "../../i18n/errors";
import { useText } from "../../i18n/useText";
import { Button } from "../../ui/Button";
import { classes } from "../../ui/classes";
import { Empty } from "../../ui/Empty";
import { AlertIcon, InvoiceIcon, PlusIcon } from "../../ui/icons";
import { Spinner } from "../../ui/Spinner";
import { InvoiceListItem } from "./InvoiceListItem";
import { InvoiceView } from "./InvoiceView";

const NewInvoiceDialog = lazy(() => import("./NewInvoiceDialog"));

/** The list of invoices and the open one: side by side, on a phone one at a time. */
export default function InvoicesPage({ invoiceId }: { invoiceId: number | null }) {
  const { t } = useText();
  const { user } = useSession();
  const { invoices, status, error, hasMore, loadingMore, loadMore, refetch } = useInvoices();
  const [creating, setCreating] = useState(false);
  return (
    <div className="flex h-full">
      <aside
        aria-label={t("nav.invoices")}
        className={classes(
          "flex w-full shrink-0 flex-col border-line bg-surface md:w-88 md:border-r lg:w-100",
          invoiceId !== null && "max-md:hidden",
        )}
      >
        <header className="flex min-h-16 items-center gap-2 pr-3 pl-4">
          <h1 className="flex-1 text-xl font-bold tracking-tight">{t("nav.invoices")}</h1>
          {user?.role === "tutor" && (
            <Button small look="primary" onClick={() => setCreating(true)} data-testid="new-invoice">
              <PlusIcon size={16} />
              {t("invoice.new")}
            </Button>
          )}
        </header>
        <div className="min-h-0 flex-1 overflow-y-auto px-2 pb-2">
          {invoices.length > 0 ? (
            <ul>
              {invoices.map((invoice) => (
                <InvoiceListItem key={invoice.id} invoice={invoice} open={invoice.id === invoiceId} />
              ))}
            </ul>
          ) : status === "failed" ? (
            <Empty icon={<AlertIcon size={28} />} title={codeText(t, error?.code ?? 0)}>
              <Button onClick={() => void refetch()}>{t("common.retry")}</Button>
            </Empty>
          ) : status === "ready" ? (
            <Empty icon={<InvoiceIcon size={28} />} title={t("invoice.none")}>
              {user?.role === "tutor" ? t("invoice.noneTutor") : t("invoice.nonePayer")}
            </Empty>
          ) : (
            <Spinner label={t("common.loading")} />
          )}
          {hasMore && (
            <div className="flex justify-center p-3">
              <Button small look="quiet" disabled={loadingMore} onClick={() => void loadMore()}>
                {t("common.more")}
              </Button>
            </div>
          )}
        </div>
      </aside>
      <div className={classes("min-w-0 flex-1", invoiceId === null && "max-md:hidden")}>
        {invoiceId === null ? (
          <Empty icon={<InvoiceIcon size={28} />} title={t("invoice.choose")} />
        ) : (
          <InvoiceView key={invoiceId} invoiceId={invoiceId} />
        )}
      </div>
      {creating && (
        <Suspense>
          <NewInvoiceDialog onClose={() => setCreating(false)} />
        </Suspense>
      )}
    </div>
  );
}
