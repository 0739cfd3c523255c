/** Says that something is on its way; appears only after 300 ms, so quick answers do not flicker. */
export function Spinner({ label }: { label: string }) {
  return (
    <div role="status" className="flex h-full items-center justify-center p-8">
      <span className="size-6 animate-spin rounded-full border-2 border-line border-t-accent [animation-delay:300ms]" />
      <span className="sr-only">{label}</span>
    </div>
  );
}
