/**
 * One subscription per channel however many parts of the page follow it, with a way to join it to a snapshot without a gap.
 *
 * A follower attaches first (from then on it hears every publication), loads its snapshot, drops what the snapshot already
 * contains, and then asks `start` to subscribe from the snapshot's position. On a channel that is live already, `start`
 * changes nothing: all that the snapshot lacks was heard since the follower attached.
 */

import type { Centrifuge, Subscription } from "centrifuge";
import type { Position } from "../payloads.ts";
import { Listeners, reportException } from "./observable.ts";
import type { Logger, Unsubscribe } from "./types.ts";

export interface Publication {
  readonly channel: string;
  readonly data: unknown;
  /** Null on channels without a log. */
  readonly offset: number | null;
  /** The life of the stream that `offset` counts in; "" where the server did not say. */
  readonly epoch: string;
}

export interface Follower {
  publication(publication: Publication): void;
  /** Whether publications arrive at this moment. When they do again, `heardFrom` tells whether some were missed. */
  live?(live: boolean): void;
  /** The server ended the subscription, or refused it, for good. */
  closed?(code: number, reason: string): void;
  /** Somebody (one of their connections) came to the channel or left it. */
  presence?(change: { readonly client: string; readonly userId: number; readonly joined: boolean }): void;
}

interface Channel {
  readonly name: string;
  /** Each with the position after which it has heard everything; null while that is not known. */
  readonly followers: Map<Follower, Position | null>;
  subscription: Subscription | null;
  /** `undefined`: nobody asked to subscribe yet; `null`: subscribe without a position. */
  since: Position | null | undefined;
  live: boolean;
  /** Of the last publication, or of the subscription; null without a log. */
  position: Position | null;
}

/** `notifications:#7`: the server subscribes its owner, on connect. */
const isPersonal = (name: string) => name.includes(":#");

const isChat = (name: string) => name.startsWith("chat:");

export class Channels {
  readonly #channels = new Map<string, Channel>();
  readonly #logger: Logger;
  readonly #onCaughtUp: (publication: Publication) => void;
  #client: Centrifuge | null = null;
  #catchingUp = false;
  /** Every publication of every channel, once, however many followers it has. */
  readonly publications = new Listeners<Publication>();
  /** Subscriptions that the server ended or refused. */
  readonly closures = new Listeners<{
    readonly channel: string;
    readonly code: number;
    readonly reason: string;
  }>();

  constructor(options: { logger: Logger; onCaughtUp: (publication: Publication) => void }) {
    this.#logger = options.logger;
    this.#onCaughtUp = options.onCaughtUp;
  }

  /** Connects what is followed to a client; all channels begin anew. */
  bind(client: Centrifuge): void {
    this.unbind();
    this.#client = client;
    client.on("publication", (context) => this.#publish(context.channel, context.data, context.offset));
    client.on("subscribed", (context) => this.#subscribed(context.channel, context));
    client.on("unsubscribed", (context) => this.#setLive(context.channel, false));
    client.on("connecting", () => this.#personalChannelsAreDown());
    client.on("disconnected", () => this.#personalChannelsAreDown());
    this.batch(() => {
      for (const channel of this.#channels.values()) this.#subscribe(channel);
    });
  }

  unbind(): void {
    const client = this.#client;
    this.#client = null;
    for (const channel of this.#channels.values()) {
      if (client !== null && channel.subscription !== null) client.removeSubscription(channel.subscription);
      channel.subscription = null;
      channel.position = null;
      for (const follower of channel.followers.keys()) channel.followers.set(follower, null);
      this.#setLive(channel.name, false);
      if (channel.followers.size === 0) this.#channels.delete(channel.name);
    }
  }

  /** Hears everything from now on. Returns the way out; the last follower that leaves ends the subscription. */
  attach(name: string, follower: Follower): Unsubscribe {
    const attached = this.#channel(name);
    attached.followers.set(follower, attached.position);
    return () => {
      if (!attached.followers.delete(follower) || attached.followers.size > 0) return;
      // A personal channel goes on without us: the server made it, and what it was live from must be known later.
      if (isPersonal(name)) return;
      if (this.#channels.get(name) === attached) this.#channels.delete(name);
      if (attached.subscription !== null) this.#client?.removeSubscription(attached.subscription);
      attached.subscription = null;
    };
  }

  /** Subscribes from `position` unless the channel is subscribed already. Personal channels are the server's to start. */
  start(name: string, position: Position | null): void {
    const channel = this.#channels.get(name);
    if (channel === undefined || channel.subscription !== null) return;
    channel.since = position;
    this.#subscribe(channel);
  }

  isLive(name: string): boolean {
    return this.#channels.get(name)?.live ?? false;
  }

  /** The position after which a follower has heard every publication; null while the channel was never live, or has no log. */
  heardFrom(name: string, follower: Follower): Position | null {
    return this.#channels.get(name)?.followers.get(follower) ?? null;
  }

  /** Of the last publication that was heard on a channel, or of its subscription; null without a log. */
  positionOf(name: string): Position | null {
    return this.#channels.get(name)?.position ?? null;
  }

  /** The subscribe commands of `work` travel in one frame. */
  batch(work: () => void): void {
    const client = this.#client;
    client?.startBatching();
    try {
      work();
    } finally {
      client?.stopBatching();
    }
  }

  /** Connections present on a channel now: client id → user id. Empty where the server does not tell. */
  async presentOn(name: string): Promise<ReadonlyMap<string, number>> {
    const result = await this.#channels
      .get(name)
      ?.subscription?.presence()
      .catch(() => undefined);
    return new Map(Object.values(result?.clients ?? {}).map((info) => [info.client, Number(info.user)]));
  }

  #channel(name: string): Channel {
    let channel = this.#channels.get(name);
    if (channel === undefined) {
      channel = {
        name,
        followers: new Map(),
        subscription: null,
        since: undefined,
        live: false,
        position: null,
      };
      this.#channels.set(name, channel);
    }
    return channel;
  }

  #subscribe(channel: Channel): void {
    const client = this.#client;
    if (client === null || channel.since === undefined || isPersonal(channel.name)) return;
    const subscription = client.newSubscription(channel.name, {
      since: channel.since,
      recoverable: channel.since !== null,
      joinLeave: isChat(channel.name),
    });
    channel.subscription = subscription;
    subscription.on("publication", (context) => this.#publish(context.channel, context.data, context.offset));
    subscription.on("subscribed", (context) => this.#subscribed(context.channel, context));
    subscription.on("subscribing", () => this.#setLive(channel.name, false));
    subscription.on("unsubscribed", ({ code, reason }) =>
      this.#unsubscribed(channel, subscription, code, reason),
    );
    subscription.on("join", ({ info }) => this.#tellPresence(channel, info, true));
    subscription.on("leave", ({ info }) => this.#tellPresence(channel, info, false));
    subscription.on("error", ({ type, error }) =>
      this.#logger.warn("[WebSocket] subscription failed, trying again", {
        channel: channel.name,
        type,
        code: error.code,
        reason: error.message,
      }),
    );
    subscription.subscribe();
  }

  #subscribed(
    name: string,
    context: {
      wasRecovering: boolean;
      recovered: boolean;
      hasRecoveredPublications: boolean;
      streamPosition?: Position;
    },
  ): void {
    const channel = isPersonal(name) ? this.#channel(name) : this.#channels.get(name);
    if (channel === undefined) return;
    channel.position = context.streamPosition ?? null;
    for (const [follower, heardFrom] of channel.followers) {
      // A recovered subscription goes on where the last one ended (or where `since` said).
      if (!context.recovered || heardFrom === null) channel.followers.set(follower, channel.position);
    }
    if (context.recovered && context.hasRecoveredPublications) this.#expectCaughtUp();
    this.#setLive(name, true);
  }

  /** The library hands over recovered publications right after its "subscribed" event, before anything else runs. */
  #expectCaughtUp(): void {
    this.#catchingUp = true;
    queueMicrotask(() => {
      this.#catchingUp = false;
    });
  }

  #publish(name: string, data: unknown, offset: number | undefined): void {
    const channel = this.#channels.get(name);
    const epoch = channel?.position?.epoch ?? "";
    if (channel?.position && offset !== undefined) channel.position = { epoch, offset };
    const publication = { channel: name, data, offset: offset ?? null, epoch };
    if (this.#catchingUp) this.#onCaughtUp(publication);
    if (channel !== undefined) this.#tell(channel, (follower) => follower.publication(publication));
    this.publications.emit(publication);
  }

  #unsubscribed(channel: Channel, subscription: Subscription, code: number, reason: string): void {
    this.#setLive(channel.name, false);
    // Ours: the last follower left, or the client was replaced.
    if (channel.subscription !== subscription || code === 0) return;
    this.#logger.warn("[WebSocket] subscription ended by the server", {
      channel: channel.name,
      code,
      reason,
    });
    channel.subscription = null;
    channel.since = undefined;
    this.#client?.removeSubscription(subscription);
    this.#tell(channel, (follower) => follower.closed?.(code, reason));
    this.closures.emit({ channel: channel.name, code, reason });
  }

  #tellPresence(channel: Channel, info: { client: string; user: string }, joined: boolean): void {
    const change = { client: info.client, userId: Number(info.user), joined };
    this.#tell(channel, (follower) => follower.presence?.(change));
  }

  #personalChannelsAreDown(): void {
    for (const name of this.#channels.keys()) {
      if (isPersonal(name)) this.#setLive(name, false);
    }
  }

  #setLive(name: string, live: boolean): void {
    const channel = this.#channels.get(name);
    if (channel === undefined || channel.live === live) return;
    channel.live = live;
    this.#tell(channel, (follower) => follower.live?.(live));
  }

  /** An exception that left a handler of the library would end the connection. */
  #tell(channel: Channel, tell: (follower: Follower) => void): void {
    for (const follower of [...channel.followers.keys()]) {
      try {
        tell(follower);
      } catch (error) {
        reportException(error);
      }
    }
  }
}
