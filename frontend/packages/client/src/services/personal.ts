/** What the two services of personal channels have in common: connect, hear events, say when the channel comes and goes. */

import type { RealtimeClient } from "../core/realtime.ts";
import type { ReadableStore, Unsubscribe } from "../core/types.ts";

export interface ChannelHandlers {
  /** Events of the channel arrive from now on. */
  onConnected?(): void;
  /** They do not, for the time being; the connection comes back by itself. */
  onDisconnected?(reason: { code: number; reason: string }): void;
  /** Loading failed; it is tried again where that may help. */
  onError?(problem: { code: number; reason: string }): void;
}

interface PersonalStore
  extends ReadableStore<{ readonly error: { readonly code: number; readonly message: string } | null }> {
  open(): Unsubscribe;
}

export interface PersonalChannel<E, H, S> {
  /** Of the console lines: `NotificationWebSocket`. */
  readonly label: string;
  /** `notifications`, for `notifications:#<user>`. */
  readonly namespace: string;
  readonly store: (realtime: RealtimeClient) => S;
  readonly dispatch: (event: E, handlers: H) => void;
}

/** A typed view on one personal channel of the one connection. */
export class PersonalService<E, H extends ChannelHandlers, S extends PersonalStore> {
  readonly #realtime: () => RealtimeClient;
  readonly #channel: PersonalChannel<E, H, S>;
  #connections: Unsubscribe[] = [];

  constructor(realtime: () => RealtimeClient, channel: PersonalChannel<E, H, S>) {
    this.#realtime = realtime;
    this.#channel = channel;
  }

  /** Starts hearing events. May be called by several parts of a page; the returned function ends one of them. */
  connect(handlers: H = {} as H): Unsubscribe {
    const stop = connectPersonal(this.#realtime(), this.#channel, handlers);
    this.#connections.push(stop);
    return () => {
      if (!this.#connections.includes(stop)) return;
      this.#connections = this.#connections.filter((other) => other !== stop);
      stop();
    };
  }

  /** Ends all that `connect` began. The connection stays. */
  disconnect(): void {
    for (const stop of this.#connections.splice(0)) stop();
  }

  /** What there is, as it is known now, without opening it. */
  store(): S {
    return this.#channel.store(this.#realtime());
  }
}

/** Opens the store and starts the connection; hears events until the returned function is called. */
function connectPersonal<E, H extends ChannelHandlers, S extends PersonalStore>(
  realtime: RealtimeClient,
  channel: PersonalChannel<E, H, S>,
  handlers: H,
): Unsubscribe {
  const { label, namespace } = channel;
  const { logger } = realtime;
  logger.info(`[${label}] Connecting:`, { hasToken: realtime.session.token() !== null });
  const store = channel.store(realtime);
  const stops = [
    realtime.channels.publications.add((publication) => {
      if (publication.channel.startsWith(`${namespace}:#`)) channel.dispatch(publication.data as E, handlers);
    }),
    onChange(
      realtime,
      ({ state }) => state === "online",
      (isOnline) => {
        const { reason } = realtime.getSnapshot();
        if (isOnline) {
          logger.info(`[${label}] Connected`);
          handlers.onConnected?.();
        } else {
          const why = { code: reason?.code ?? 0, reason: reason?.message ?? "" };
          logger.warn(`[${label}] Disconnected:`, why);
          handlers.onDisconnected?.(why);
        }
      },
    ),
    onChange(
      store,
      ({ error }) => error,
      (error) => {
        if (error === null) return;
        logger.error(`[${label}] Error:`, { code: error.code, reason: error.message });
        handlers.onError?.({ code: error.code, reason: error.message });
      },
    ),
    store.open(),
  ];
  realtime.connect();
  return () => {
    logger.info(`[${label}] Disconnecting`);
    for (const stop of stops) stop();
  };
}

function onChange<S, V>(
  store: ReadableStore<S>,
  select: (snapshot: S) => V,
  listener: (value: V) => void,
): Unsubscribe {
  let known = select(store.getSnapshot());
  return store.subscribe(() => {
    const value = select(store.getSnapshot());
    if (Object.is(value, known)) return;
    known = value;
    listener(value);
  });
}
