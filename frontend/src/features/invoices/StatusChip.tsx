import type { Invoice } from "@vestnik/client";
import type { ComponentType } from "react";
import { useText } from "../../i18n/useText";
import { classes } from "../../ui/classes";
import {
  AlertIcon,
  BanIcon,
  CheckIcon,
  DraftIcon,
  EyeIcon,
  HalfIcon,
  type IconProps,
  RefundIcon,
  SendIcon,
} from "../../ui/icons";
import { type DisplayStatus, displayStatus } from "./status";

const LOOKS: Record<DisplayStatus, { icon: ComponentType<IconProps>; tone: string }> = {
  draft: { icon: DraftIcon, tone: "bg-sunken text-ink-soft" },
  sent: { icon: SendIcon, tone: "bg-accent-soft text-accent" },
  viewed: { icon: EyeIcon, tone: "bg-accent-soft text-accent" },
  overdue: { icon: AlertIcon, tone: "bg-danger-soft text-danger" },
  partially_paid: { icon: HalfIcon, tone: "bg-brass-soft text-brass" },
  paid: { icon: CheckIcon, tone: "bg-success-soft text-success" },
  partially_refunded: { icon: RefundIcon, tone: "bg-brass-soft text-brass" },
  refunded: { icon: RefundIcon, tone: "bg-sunken text-ink-soft" },
  void: { icon: BanIcon, tone: "bg-sunken text-ink-soft" },
};

/** An icon and a word, never colour alone. */
export function StatusChip({ invoice }: { invoice: Invoice }) {
  const { t } = useText();
  const status = displayStatus(invoice);
  const { icon: Icon, tone } = LOOKS[status];
  return (
    <span
      data-testid="invoice-status"
      data-status={status}
      className={classes(
        "inline-flex h-7 shrink-0 items-center gap-1.5 rounded-full px-2.5 text-sm font-medium whitespace-nowrap",
        tone,
      )}
    >
      <Icon size={16} />
      {t(`invoice.status.${status}`)}
    </span>
  );
}
