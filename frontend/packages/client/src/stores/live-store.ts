/** What every "snapshot + events" store has in common: when to load, when to load again, when to stop. */

import { Observable } from "../core/observable.ts";
import type { RealtimeClient } from "../core/realtime.ts";
import { failureOf } from "../core/reasons.ts";
import type { FailureInfo, LoadStatus, ReadableStore, Unsubscribe } from "../core/types.ts";

/** A page that changes between two views closes one store and opens it again: the subscription outlives that moment. */
const LINGER_MS = 2_000;
const FIRST_RETRY_MS = 1_000;
/** A second gap within this time is waited out: a replica that lags would otherwise be asked in a loop. */
const CALM_MS = 2_000;
const LONGEST_RETRY_MS = 30_000;

export interface LoadState {
  readonly status: LoadStatus;
  readonly error: FailureInfo | null;
}

/**
 * Subclasses say how to attach to their channels (`attach`), how to load and apply a snapshot (`load`), and how to forget
 * everything (`reset`). The base loads when the store is first opened, again when something was missed, again when the connection comes
 * back after a failure, and with a growing pause while loading fails for a reason that may pass.
 */
export abstract class LiveStore<S extends LoadState> implements ReadableStore<S> {
  protected readonly realtime: RealtimeClient;
  protected readonly state: Observable<S>;
  readonly #empty: S;
  readonly #stops: Unsubscribe[] = [];
  #opened = 0;
  #active = false;
  #generation = 0;
  #linger: unknown = null;
  #retry: unknown = null;
  #attempt = 0;
  #gaps = 0;
  #calm: unknown = null;
  #identity: number | null;
  #signedIn: boolean;

  protected constructor(realtime: RealtimeClient, empty: S) {
    this.realtime = realtime;
    this.#empty = empty;
    this.state = new Observable(empty);
    this.#identity = realtime.identity.getSnapshot();
    this.#signedIn = realtime.session.getSnapshot().signedIn;
  }

  readonly subscribe = (listener: () => void): Unsubscribe => this.state.subscribe(listener);

  readonly getSnapshot = (): S => this.state.getSnapshot();

  /** Keeps the store loaded and live until the returned function is called (once per call of `open`). */
  readonly open = (): Unsubscribe => {
    this.realtime.clock.clearTimeout(this.#linger);
    this.#opened += 1;
    if (!this.#active) this.#start();
    let closed = false;
    return () => {
      if (closed) return;
      closed = true;
      this.#opened -= 1;
      if (this.#opened === 0) this.#linger = this.realtime.clock.setTimeout(() => this.#stop(), LINGER_MS);
    };
  };

  /** Loads the snapshot again; what is shown stays until it is there. */
  readonly refetch = (): Promise<void> => this.#sync();

  /** Loads again because something was missed; not at once when that keeps happening. */
  protected readonly loadAgain = (): void => {
    this.realtime.logger.info("[Vestnik] something was missed, loading again", {
      what: this.constructor.name,
    });
    if (this.#gaps === 0) void this.#sync();
    else if (this.#retry === null) this.#retryLater();
    this.#gaps += 1;
    this.realtime.clock.clearTimeout(this.#calm);
    this.#calm = this.realtime.clock.setTimeout(() => {
      this.#gaps = 0;
    }, CALM_MS);
  };

  protected get active(): boolean {
    return this.#active;
  }

  /** Follows the channels, holding back what arrives until `load` has applied a snapshot. Called before each load. */
  protected abstract attach(): void;

  /** Stops following. */
  protected abstract detach(): void;

  /** Loads the snapshot and, while `isCurrent()`, applies it and what arrived meanwhile. Rejects if it cannot. */
  protected abstract load(isCurrent: () => boolean): Promise<void>;

  /** Another person signed in, or nobody is: forgets what is beside `state`. */
  protected abstract reset(): void;

  #start(): void {
    this.#active = true;
    this.#stops.push(
      this.realtime.subscribe(() => {
        if (this.realtime.isOnline && this.#retry !== null) void this.#sync();
      }),
      this.realtime.identity.subscribe(() => this.#identityChanged()),
      this.realtime.session.subscribe(() => this.#sessionChanged()),
    );
    this.#forgetOther();
    void this.#sync();
  }

  #stop(): void {
    this.#active = false;
    this.#generation += 1;
    this.#clearRetry();
    this.realtime.clock.clearTimeout(this.#calm);
    this.#gaps = 0;
    for (const stop of this.#stops.splice(0)) stop();
    this.detach();
    // What is shown next time is loaded anew; what was shown may be old by then.
    this.state.set({ ...this.getSnapshot(), status: "idle" });
  }

  #identityChanged(): void {
    if (this.#forgetOther()) void this.#sync();
  }

  /** What was loaded for somebody else is forgotten. Returns whether it is somebody else now, or known for the first time. */
  #forgetOther(): boolean {
    const identity = this.realtime.identity.getSnapshot();
    const previous = this.#identity;
    this.#identity = identity;
    if (identity === previous) return false;
    if (previous !== null) {
      this.#generation += 1;
      this.#clearRetry();
      this.detach();
      this.reset();
      this.state.set(this.#empty);
    }
    return true;
  }

  #sessionChanged(): void {
    const { signedIn } = this.realtime.session.getSnapshot();
    if (signedIn === this.#signedIn) return;
    this.#signedIn = signedIn;
    if (signedIn) void this.#sync();
  }

  async #sync(): Promise<void> {
    this.#clearRetry();
    if (!this.#active || this.realtime.session.rejection() !== null) return;
    this.#generation += 1;
    const generation = this.#generation;
    const isCurrent = () => generation === this.#generation && this.#active;
    if (this.getSnapshot().status !== "ready") this.#patch({ status: "loading" });
    this.attach();
    try {
      await this.load(isCurrent);
      if (!isCurrent()) return;
      this.#attempt = 0;
      this.#patch({ status: "ready", error: null });
    } catch (problem) {
      if (!isCurrent()) return;
      const { code, message, temporary } = failureOf(problem);
      this.realtime.logger.warn("[Vestnik] loading failed", {
        what: this.constructor.name,
        code,
        reason: message,
      });
      this.#patch({
        error: { code, message },
        ...(this.getSnapshot().status === "ready" ? {} : { status: "failed" }),
      });
      if (temporary) this.#retryLater();
    }
  }

  #patch(fields: Partial<LoadState>): void {
    this.state.patch(fields as Partial<S>);
  }

  #retryLater(): void {
    const longest = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#attempt);
    this.#attempt += 1;
    this.#retry = this.realtime.clock.setTimeout(
      () => void this.#sync(),
      longest * (0.5 + Math.random() / 2),
    );
  }

  #clearRetry(): void {
    this.realtime.clock.clearTimeout(this.#retry);
    this.#retry = null;
  }
}
