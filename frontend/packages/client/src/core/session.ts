/** Who is signed in: the stored token, what the server last thought of it, and the same in every tab. */

import type { Me, UserEvent } from "../payloads.ts";
import { type RequestError, RequestError as RequestErrorClass } from "./errors.ts";
import type { Session } from "./interfaces.ts";
import { Observable } from "./observable.ts";
import type { RestClient } from "./rest.ts";
import type { Tabs } from "./tabs.ts";
import type { SessionSnapshot, TokenStorage, Unsubscribe } from "./types.ts";

const TOKEN_KEY = "auth_token";
const USER_KEY = "vestnik_user";

/** Why there is no session: nobody signed in, the sign-in ran out, or it was withdrawn (or never was one of ours). */
export type Rejection = "missing" | "expired" | "revoked";

/** `localStorage["auth_token"]`; where storage is closed to the page, memory. */
export function localTokenStorage(): TokenStorage {
  let memory: string | null = null;
  return {
    get() {
      try {
        const token = localStorage.getItem(TOKEN_KEY);
        return token === null || token === "" ? memory : token;
      } catch {
        return memory;
      }
    },
    set(token) {
      try {
        localStorage.setItem(TOKEN_KEY, token);
        memory = null;
      } catch {
        memory = token;
      }
    },
    clear() {
      memory = null;
      try {
        localStorage.removeItem(TOKEN_KEY);
      } catch {
        // Closed storage holds nothing to remove.
      }
    },
  };
}

/** FNV-1a, 32 bits: tells whether a remembered user belongs to the present token without storing the token twice. */
function fingerprint(token: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < token.length; index += 1) {
    hash = Math.imul(hash ^ token.charCodeAt(index), 0x01000193) >>> 0;
  }
  return hash.toString(16);
}

interface RememberedUser {
  readonly token: string;
  readonly userId: number;
  readonly user: Me | null;
}

export class BrowserSession implements Session {
  readonly #storage: TokenStorage;
  readonly #rest: () => RestClient;
  readonly #tabs: Tabs;
  readonly #state: Observable<SessionSnapshot>;
  readonly #stops: Unsubscribe[] = [];
  /** The token that the server refused, and why; another token starts with a clean sheet. */
  #refused: { readonly token: string; readonly rejection: Rejection } | null = null;
  #loading: Promise<Me> | null = null;
  #seenToken: string | null = null;

  constructor(options: { storage: TokenStorage; rest: () => RestClient; tabs: Tabs }) {
    this.#storage = options.storage;
    this.#rest = options.rest;
    this.#tabs = options.tabs;
    this.#state = new Observable<SessionSnapshot>({ signedIn: false, userId: null, user: null });
    this.reload();
    this.#stops.push(
      this.#tabs.listen((message) => {
        if (message.type === "session") this.reload();
      }),
    );
    if (typeof window !== "undefined") {
      const onStorage = (event: StorageEvent) => {
        if (event.key === TOKEN_KEY || event.key === null) this.reload();
      };
      window.addEventListener("storage", onStorage);
      this.#stops.push(() => window.removeEventListener("storage", onStorage));
    }
  }

  readonly subscribe = (listener: () => void): Unsubscribe => this.#state.subscribe(listener);

  readonly getSnapshot = (): SessionSnapshot => this.#state.getSnapshot();

  /** The stored token, whatever the server thinks of it. */
  token(): string | null {
    return this.#storage.get();
  }

  /** Why one cannot connect with what is stored; null when nothing speaks against it. */
  rejection(): Rejection | null {
    const token = this.token();
    if (token === null) return "missing";
    return this.#refused?.token === token ? this.#refused.rejection : null;
  }

  /** Takes what is stored for the truth: after another tab, or the page itself, wrote it. */
  reload(): void {
    const token = this.token();
    const known = token === null ? null : this.#remembered(token);
    // The same token again keeps the user that was learnt meanwhile (storage may be closed to this page).
    const current = this.#state.getSnapshot();
    const same = token !== null && token === this.#seenToken && known === null;
    this.#seenToken = token;
    this.#state.patch({
      signedIn: this.rejection() === null,
      userId: same ? current.userId : (known?.userId ?? null),
      user: same ? current.user : sameUser(current.user, known?.user ?? null),
    });
  }

  readonly signIn = async (username: string, password: string): Promise<Me> => {
    const answer = await this.#rest().request<{ token: string; user: Me }>("POST", "/api/auth/login/", {
      body: { username, password },
      anonymous: true,
    });
    this.adopt(answer.token, answer.user);
    return answer.user;
  };

  readonly adopt = (token: string, user?: Me): void => {
    this.#refused = null;
    this.#loading = null;
    if (user !== undefined) this.#remember({ token: fingerprint(token), userId: user.id, user });
    this.#storage.set(token);
    this.reload();
    this.#tabs.tell({ type: "session" });
  };

  readonly signOut = async (options: { everywhere?: boolean } = {}): Promise<void> => {
    const farewell =
      this.token() === null
        ? null
        : this.#rest().post(options.everywhere === true ? "/api/auth/logout-all/" : "/api/auth/logout/");
    // The request was built with the token; the page is signed out without waiting for the network.
    this.#storage.clear();
    this.#forget();
    this.#refused = null;
    this.#loading = null;
    this.reload();
    this.#tabs.tell({ type: "session" });
    await farewell?.catch((error: unknown) => {
      // A token that the server no longer knows is signed out; without a network it expires by itself.
      if (options.everywhere === true && !(error instanceof RequestErrorClass && error.status === 401))
        throw error;
    });
  };

  readonly loadUser = (): Promise<Me> => {
    const { user } = this.#state.getSnapshot();
    return user === null ? this.refreshUser() : Promise.resolve(user);
  };

  readonly refreshUser = (): Promise<Me> => {
    this.#loading ??= this.#rest()
      .get<Me>("/api/auth/me/")
      .then((me) => {
        this.identify(me.id, me);
        return me;
      })
      .finally(() => {
        this.#loading = null;
      });
    return this.#loading;
  };

  /** Takes over what the person chose on another device, or in another tab. */
  hear(event: UserEvent): void {
    const { user } = this.#state.getSnapshot();
    if (event.type !== "preferences.changed" || user === null) return;
    this.identify(user.id, { ...user, language: event.language, theme: event.theme });
  }

  /** Notes whose token it is, once the server has said so. */
  identify(userId: number, user: Me | null = null): void {
    const token = this.token();
    const current = this.#state.getSnapshot();
    if (token === null || (current.userId === userId && (user === null || current.user === user))) return;
    const kept = user ?? (current.userId === userId ? current.user : null);
    this.#remember({ token: fingerprint(token), userId, user: kept });
    this.#state.patch({ userId, user: kept });
  }

  /** Notes that the server refused a token with 401. The token stays stored: a person decides what happens next. */
  refuse(token: string, error: RequestError): void {
    if (token !== this.token()) return;
    this.#refused = { token, rejection: error.code.includes("expired") ? "expired" : "revoked" };
    this.#state.patch({ signedIn: false });
  }

  /** Forgets a refusal, to ask the server once more. */
  forgive(): void {
    this.#refused = null;
    this.reload();
  }

  close(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }

  #remembered(token: string): RememberedUser | null {
    try {
      const remembered = JSON.parse(localStorage.getItem(USER_KEY) ?? "null") as RememberedUser | null;
      return remembered !== null && remembered.token === fingerprint(token) ? remembered : null;
    } catch {
      return null;
    }
  }

  #remember(remembered: RememberedUser): void {
    try {
      localStorage.setItem(USER_KEY, JSON.stringify(remembered));
    } catch {
      // Without storage the user is asked for again after a reload.
    }
  }

  #forget(): void {
    try {
      localStorage.removeItem(USER_KEY);
    } catch {
      // Closed storage holds nothing to remove.
    }
  }
}

/** Keeps the object that is shown when the stored one says the same. */
function sameUser(shown: Me | null, stored: Me | null): Me | null {
  return JSON.stringify(shown) === JSON.stringify(stored) ? shown : stored;
}
