import * as Dropdown from "@radix-ui/react-dropdown-menu";
import type { ReactNode } from "react";
import { classes } from "./classes";

interface MenuProps {
  trigger: ReactNode;
  children: ReactNode;
  align?: "start" | "end";
  /** Where the focus goes afterwards, when not back to the trigger. */
  onClosed?: (event: Event) => void;
}

/** A menu that opens under its trigger. */
export function Menu({ trigger, children, align = "end", onClosed }: MenuProps) {
  return (
    <Dropdown.Root modal={false}>
      <Dropdown.Trigger asChild>{trigger}</Dropdown.Trigger>
      {/* Inside the page's main landmark, where assistive technology looks for content. */}
      <Dropdown.Portal container={document.getElementById("content")}>
        <Dropdown.Content
          align={align}
          sideOffset={4}
          collisionPadding={8}
          onCloseAutoFocus={onClosed}
          className="animate-rise z-40 min-w-44 rounded-xl border border-line bg-raised p-1.5 shadow-float"
        >
          {children}
        </Dropdown.Content>
      </Dropdown.Portal>
    </Dropdown.Root>
  );
}

interface MenuItemProps {
  icon?: ReactNode;
  danger?: boolean;
  label?: string;
  className?: string;
  onSelect: () => void;
  children: ReactNode;
}

export function MenuItem({ icon, danger = false, label, className, onSelect, children }: MenuItemProps) {
  return (
    <Dropdown.Item
      onSelect={onSelect}
      aria-label={label}
      className={classes(
        "flex min-h-10 cursor-pointer items-center gap-2.5 rounded-lg px-2.5 outline-none data-highlighted:bg-sunken",
        danger ? "text-danger" : "text-ink",
        className,
      )}
    >
      {icon}
      {children}
    </Dropdown.Item>
  );
}

/** A row of small items, such as emojis. */
export function MenuRow({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Dropdown.Group aria-label={label} className="mb-1 flex gap-0.5 border-b border-line pb-1">
      {children}
    </Dropdown.Group>
  );
}
