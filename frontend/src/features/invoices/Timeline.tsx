import type { Invoice } from "@vestnik/client";
import type { ComponentType } from "react";
import { useText } from "../../i18n/useText";
import { classes } from "../../ui/classes";
import {
  AlertIcon,
  BanIcon,
  CardIcon,
  CheckIcon,
  ClockIcon,
  DraftIcon,
  EyeIcon,
  type IconProps,
  RefundIcon,
  SendIcon,
} from "../../ui/icons";
import { type Step, timelineOf } from "./history";

const LOOKS: Record<Step, { icon: ComponentType<IconProps>; tone: string }> = {
  created: { icon: DraftIcon, tone: "bg-sunken text-ink-soft" },
  sent: { icon: SendIcon, tone: "bg-accent-soft text-accent" },
  viewed: { icon: EyeIcon, tone: "bg-accent-soft text-accent" },
  overdue: { icon: AlertIcon, tone: "bg-danger-soft text-danger" },
  voided: { icon: BanIcon, tone: "bg-sunken text-ink-soft" },
  payment_started: { icon: CardIcon, tone: "bg-brass-soft text-brass" },
  payment_waiting: { icon: ClockIcon, tone: "bg-brass-soft text-brass" },
  payment_succeeded: { icon: CheckIcon, tone: "bg-success-soft text-success" },
  payment_canceled: { icon: BanIcon, tone: "bg-danger-soft text-danger" },
  refund_started: { icon: RefundIcon, tone: "bg-brass-soft text-brass" },
  refunded: { icon: RefundIcon, tone: "bg-brass-soft text-brass" },
  refund_canceled: { icon: BanIcon, tone: "bg-sunken text-ink-soft" },
};

/** What happened, from top to bottom, with its source. */
export function Timeline({ invoice }: { invoice: Invoice }) {
  const { t, formats } = useText();
  const entries = timelineOf(invoice);
  return (
    <ol className="flex flex-col" data-testid="invoice-timeline">
      {entries.map((entry, index) => {
        const { icon: Icon, tone } = LOOKS[entry.step];
        const amount = entry.amountMinor === null ? "" : formats.money(entry.amountMinor, invoice.currency);
        return (
          <li key={entry.key} className="relative flex gap-4 pb-5 last:pb-0" data-step={entry.step}>
            {index < entries.length - 1 && (
              <span className="absolute top-9 bottom-0 left-[1.0625rem] w-px bg-line" />
            )}
            <span className={classes("z-10 grid size-9 shrink-0 place-items-center rounded-full", tone)}>
              <Icon size={18} />
            </span>
            <div className="min-w-0 pt-1">
              <p className="font-medium">
                {t(`invoice.step.${entry.step}`)}
                {amount && <span className="tabular font-normal text-ink-soft"> · {amount}</span>}
              </p>
              <p className="text-sm text-ink-soft">
                <time dateTime={entry.at} className="tabular">
                  {formats.moment(entry.at)}
                </time>
                {entry.source && ` · ${entry.source}`}
              </p>
            </div>
          </li>
        );
      })}
    </ol>
  );
}
