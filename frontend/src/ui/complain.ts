/** Says for a moment that something failed. The toasts are fetched when they are needed, so they delay no page. */
export function complain(text: string): void {
  void import("sonner").then(({ toast }) => toast.error(text));
}
