import type { Invoice, Payment } from "@vestnik/client";
import { useInvoices, useRealtime } from "@vestnik/client/react";
import { useState } from "react";
import { errorText } from "../../i18n/errors";
import { useText } from "../../i18n/useText";
import { Button } from "../../ui/Button";
import { AlertIcon, CardIcon, CheckIcon, ClockIcon, SendIcon } from "../../ui/icons";
import { outstanding, type Possibilities, paymentFailed, paymentUnderWay } from "./status";

type Doing = "paying" | "sending" | "voiding" | null;

interface InvoiceActionsProps {
  invoice: Invoice;
  can: Possibilities;
}

/** Pay → Redirecting → Waiting for confirmation → Paid; and what the issuer may do. "Paid" is said by the server alone. */
export function InvoiceActions({ invoice, can }: InvoiceActionsProps) {
  const { t, formats } = useText();
  const { api } = useRealtime();
  const { put } = useInvoices();
  const [doing, setDoing] = useState<Doing>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const underWay = paymentUnderWay(invoice);

  const attempt = async (what: Doing, act: () => Promise<void>) => {
    setDoing(what);
    setFailure(null);
    try {
      await act();
    } catch (error) {
      setFailure(error);
      setDoing(null);
    }
  };

  const pay = () =>
    attempt("paying", async () => {
      const { confirmation_url } = await api.post<{ payment: Payment; confirmation_url: string }>(
        `/api/invoices/${invoice.id}/pay/`,
        // A path: whichever name of this host the page was opened under, the payer comes back to it.
        { return_url: `/invoices/${invoice.id}` },
      );
      if (window.self === window.top) {
        window.location.assign(confirmation_url);
      } else {
        // A provider's page does not let itself be framed, so a view of the demo page opens it beside itself.
        window.open(confirmation_url, "_blank");
        setDoing(null);
      }
    });

  const send = () =>
    attempt("sending", async () => {
      put(await api.post<Invoice>(`/api/invoices/${invoice.id}/send/`));
      setDoing(null);
    });

  const voidIt = () =>
    attempt("voiding", async () => {
      put(await api.post<Invoice>(`/api/invoices/${invoice.id}/void/`));
      setDoing(null);
    });

  const rest = formats.money(outstanding(invoice), invoice.currency);
  return (
    <div className="mt-5 flex flex-col gap-3" aria-live="polite">
      {invoice.status === "paid" && invoice.paid_at && (
        <p className="flex items-center gap-2 text-success" data-testid="invoice-paid">
          <CheckIcon />
          {t("invoice.paidAt", { at: formats.moment(invoice.paid_at) })}
        </p>
      )}
      {underWay && (
        <p
          className="flex items-start gap-2.5 rounded-xl bg-brass-soft p-3.5 text-sm"
          data-testid="invoice-waiting"
        >
          <ClockIcon size={18} className="mt-0.5 text-brass" />
          <span>
            {t(underWay.waiting ? "invoice.waitingForBank" : "invoice.waiting", {
              time: formats.time(underWay.since),
            })}
          </span>
        </p>
      )}
      {can.pay && failure === null && doing === null && paymentFailed(invoice) && (
        <p
          className="flex items-start gap-2.5 rounded-xl bg-danger-soft p-3.5 text-sm text-danger"
          data-testid="payment-declined"
        >
          <AlertIcon size={18} className="mt-0.5" />
          <span>
            {t("invoice.declined")} {t("invoice.noMoneyTaken")}
          </span>
        </p>
      )}
      {failure !== null && (
        <p
          role="alert"
          className="flex items-start gap-2.5 rounded-xl bg-danger-soft p-3.5 text-sm text-danger"
        >
          <AlertIcon size={18} className="mt-0.5" />
          <span>
            {errorText(t, failure)} {can.pay && t("invoice.noMoneyTaken")}
          </span>
        </p>
      )}
      <div className="flex flex-wrap gap-2 empty:hidden">
        {can.pay && (
          <Button look="primary" disabled={doing !== null} onClick={() => void pay()} data-testid="pay">
            <CardIcon />
            {doing === "paying"
              ? t("invoice.redirecting")
              : underWay
                ? t("invoice.continuePayment", { amount: rest })
                : t("invoice.pay", { amount: rest })}
          </Button>
        )}
        {can.send && (
          <Button
            look="primary"
            disabled={doing !== null}
            onClick={() => void send()}
            data-testid="send-invoice"
          >
            <SendIcon />
            {t("invoice.send")}
          </Button>
        )}
        {can.cancel && (
          <Button look="quiet" disabled={doing !== null} onClick={() => void voidIt()}>
            {t("invoice.void")}
          </Button>
        )}
      </div>
    </div>
  );
}
