import { classes } from "./classes";

interface BadgeProps {
  count: number;
  /** What is counted, in words: "3 unread messages". */
  label: string;
  testId?: string;
  className?: string;
}

/** A count that never grows wider than "99+"; nothing at zero. */
export function Badge({ count, label, testId, className }: BadgeProps) {
  if (count <= 0) return null;
  return (
    <span
      data-testid={testId}
      data-count={count}
      className={classes(
        "tabular inline-grid h-5 min-w-5 place-items-center rounded-full bg-brass px-1.5 text-xs font-semibold text-on-brass",
        className,
      )}
    >
      <span aria-hidden="true">{count > 99 ? "99+" : count}</span>
      <span className="sr-only">{label}</span>
    </span>
  );
}
