import { useSyncExternalStore } from "react";

/** Whether somebody is looking: the tab is visible and its window has the focus. */
export function useAttention(): boolean {
  return useSyncExternalStore(listen, hasAttention);
}

function hasAttention(): boolean {
  return document.visibilityState === "visible" && document.hasFocus();
}

function listen(listener: () => void): () => void {
  window.addEventListener("focus", listener);
  window.addEventListener("blur", listener);
  document.addEventListener("visibilitychange", listener);
  return () => {
    window.removeEventListener("focus", listener);
    window.removeEventListener("blur", listener);
    document.removeEventListener("visibilitychange", listener);
  };
}
