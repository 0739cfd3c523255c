import * as Radix from "@radix-ui/react-popover";
import type { ReactNode } from "react";
import { useMedia } from "./useMedia";

interface PopoverProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  label: string;
  trigger: ReactNode;
  children: ReactNode;
}

/** A panel beside its trigger; on a phone above it, in the full width. */
export function Popover({ open, onOpenChange, label, trigger, children }: PopoverProps) {
  const isWide = useMedia("(min-width: 48rem)");
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          aria-label={label}
          side={isWide ? "right" : "top"}
          align={isWide ? "start" : "center"}
          sideOffset={10}
          collisionPadding={10}
          className="animate-rise z-30 flex max-h-[min(36rem,var(--radix-popover-content-available-height))] w-[min(24rem,calc(100vw-20px))] flex-col overflow-hidden rounded-2xl border border-line bg-raised shadow-float outline-none"
        >
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
