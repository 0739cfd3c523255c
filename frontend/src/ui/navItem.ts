import { classes } from "./classes";

/** The look of one entry of the navigation, be it a link or a button. */
export function navItem(current: boolean): string {
  return classes(
    "flex min-h-14 w-17 flex-col items-center justify-center gap-1.5 rounded-xl transition-colors",
    current ? "text-accent md:bg-accent-soft" : "text-ink-soft hover:bg-sunken hover:text-ink",
  );
}
