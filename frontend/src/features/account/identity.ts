/** Who this page is, where several people share one browser: the views of the demo page. In development only. */
import type { Realtime, TokenStorage } from "@vestnik/client";

const IDENTITY_KEY = "vestnik.demo-identity";

/**
 * The person whom this page plays (`?as=student`), or null for an ordinary page. Links inside a view lose the query, so
 * its own session storage remembers it.
 */
export function demoIdentity(): string | null {
  if (!import.meta.env.DEV) return null;
  const asked = new URLSearchParams(window.location.search).get("as");
  if (asked && /^[a-z]+$/.test(asked)) sessionStorage.setItem(IDENTITY_KEY, asked);
  const isView = asked !== null || window.self !== window.top;
  return isView ? sessionStorage.getItem(IDENTITY_KEY) : null;
}

/** A token storage for one demo person: it lives as long as the tab and is shared with nobody else. */
export function storageOf(identity: string): TokenStorage {
  const key = `auth_token.${identity}`;
  return {
    get: () => sessionStorage.getItem(key),
    set: (token) => sessionStorage.setItem(key, token),
    clear: () => sessionStorage.removeItem(key),
  };
}

/** What the demo page may ask of its views. */
export type DemoCommand = "drop" | "restore";

export function demoCommand(command: DemoCommand): { vestnikDemo: DemoCommand } {
  return { vestnikDemo: command };
}

/** Lets the demo page break and mend the connection of this view. */
export function obeyDemoPage(realtime: Realtime): void {
  window.addEventListener(
    "message",
    ({ origin, data }: MessageEvent<{ vestnikDemo?: DemoCommand } | null>) => {
      if (origin !== window.location.origin) return;
      if (data?.vestnikDemo === "drop") realtime.disconnect();
      if (data?.vestnikDemo === "restore") realtime.connect();
    },
  );
}
