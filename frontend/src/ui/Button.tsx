import type { ButtonHTMLAttributes, Ref } from "react";
import { classes } from "./classes";

type Look = "primary" | "quiet" | "outline" | "danger";

const LOOKS: Record<Look, string> = {
  primary: "bg-accent text-on-accent hover:bg-accent-hover",
  quiet: "text-ink-soft hover:bg-sunken hover:text-ink",
  outline: "border border-line-strong text-ink hover:bg-sunken",
  danger: "bg-danger text-on-danger hover:opacity-90",
};

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: Look;
  small?: boolean;
  ref?: Ref<HTMLButtonElement>;
}

export function Button({
  look = "outline",
  small = false,
  className,
  type = "button",
  ...rest
}: ButtonProps) {
  return (
    <button
      type={type}
      className={classes(
        "inline-flex items-center justify-center gap-2 rounded-lg font-medium transition-colors",
        "disabled:cursor-not-allowed disabled:opacity-55",
        small ? "min-h-8 px-3 text-sm" : "min-h-11 px-4",
        LOOKS[look],
        className,
      )}
      {...rest}
    />
  );
}

interface IconButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  /** What it does, for those who do not see the icon; shown as a tooltip too. */
  label: string;
  small?: boolean;
  ref?: Ref<HTMLButtonElement>;
}

export function IconButton({ label, small = false, className, type = "button", ...rest }: IconButtonProps) {
  return (
    <button
      type={type}
      aria-label={label}
      title={label}
      className={classes(
        "inline-grid shrink-0 place-items-center rounded-lg text-ink-soft transition-colors",
        "hover:bg-sunken hover:text-ink disabled:cursor-not-allowed disabled:opacity-55",
        small ? "size-8" : "size-11",
        className,
      )}
      {...rest}
    />
  );
}
