import type { Invoice } from "@vestnik/client";
import { useText } from "../../i18n/useText";
import { outstanding } from "./status";

/** The due date: relative while it matters, the day itself always within reach. */
export function DueDate({ invoice, absolute = false }: { invoice: Invoice; absolute?: boolean }) {
  const { t, formats } = useText();
  const open = outstanding(invoice) > 0 && (invoice.status === "open" || invoice.status === "partially_paid");
  const day = formats.day(invoice.due_date);
  const relative = formats.relativeDay(invoice.due_date);
  return (
    <time dateTime={invoice.due_date} title={open ? day : undefined}>
      {!open ? day : absolute ? t("invoice.dueBoth", { day, relative }) : t("invoice.due", { relative })}
    </time>
  );
}
