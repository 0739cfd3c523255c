import type { ReactNode } from "react";

interface EmptyProps {
  icon: ReactNode;
  title: string;
  children?: ReactNode;
}

/** What stands where there is nothing yet: what would be here, and how to get it. */
export function Empty({ icon, title, children }: EmptyProps) {
  return (
    <div className="flex h-full flex-col items-center justify-center gap-3 p-8 text-center">
      <span className="grid size-14 place-items-center rounded-2xl bg-accent-soft text-accent">{icon}</span>
      <p className="text-lg font-semibold text-balance">{title}</p>
      {children && <div className="max-w-sm text-ink-soft text-balance">{children}</div>}
    </div>
  );
}
