/** Joins a snapshot to the publications around it: nothing between the two is lost, nothing before it is applied again. */

import type { Channels, Follower, Publication } from "../core/channels.ts";
import type { Unsubscribe } from "../core/types.ts";
import type { Position } from "../payloads.ts";

/** What may wait for a snapshot; a room gets hundreds of events a minute at the very most. */
const MAX_HELD = 10_000;

export interface FollowOptions<E> {
  readonly channels: Channels;
  readonly channel: string;
  /** One event, in order, none twice (but for those of a channel whose snapshot has no position: then some may repeat). */
  readonly apply: (event: E) => void;
  /** Something was missed: the snapshot must be loaded again, with `hold` before and `release` after. */
  readonly onGap: () => void;
  readonly onLive?: (live: boolean) => void;
  readonly onClosed?: (code: number, reason: string) => void;
  readonly onPresence?: Follower["presence"];
}

/** One channel as a store follows it. The order: construct, `hold`, load the snapshot, `release` with its position. */
export class FollowedChannel<E> {
  readonly #options: FollowOptions<E>;
  readonly #follower: Follower;
  readonly #detach: Unsubscribe;
  #held: Publication[] | null = [];
  #overflowed = false;
  /** Up to here everything is applied: of the snapshot, then of the last publication. */
  #position: Position | null = null;
  /** Every publication since the snapshot was asked for is heard. */
  #wasLiveAtHold = false;

  constructor(options: FollowOptions<E>) {
    this.#options = options;
    this.#follower = {
      publication: (publication) => this.#take(publication),
      live: (live) => {
        options.onLive?.(live);
        if (live && this.#held === null && this.#misses()) options.onGap();
      },
      closed: (code, reason) => options.onClosed?.(code, reason),
      presence: (change) => options.onPresence?.(change),
    };
    this.#detach = options.channels.attach(options.channel, this.#follower);
  }

  /** From now on, what arrives waits for the snapshot that is about to be loaded. */
  hold(): void {
    this.#held ??= [];
    this.#wasLiveAtHold = this.#options.channels.isLive(this.#options.channel);
  }

  /** The snapshot is there and shown: applies what it lacks, and subscribes from its position where nobody has yet. */
  release(position: Position | null): void {
    const { channels, channel, onGap } = this.#options;
    const held = this.#held ?? [];
    const overflowed = this.#overflowed;
    this.#held = null;
    this.#overflowed = false;
    this.#position = position;
    for (const publication of held) this.#deliver(publication);
    if (position !== null) channels.start(channel, position);
    if (overflowed || (channels.isLive(channel) && this.#misses())) onGap();
    else if (channels.isLive(channel)) this.#position ??= channels.positionOf(channel);
  }

  close(): void {
    this.#detach();
  }

  #take(publication: Publication): void {
    if (this.#held === null) this.#deliver(publication);
    else if (this.#held.length < MAX_HELD) this.#held.push(publication);
    else this.#overflowed = true;
  }

  #deliver({ offset, epoch, data }: Publication): void {
    const position = this.#position;
    // Offsets of different lives of a stream say nothing about each other; the reducers bear with a repeated event.
    const isSameLife = position !== null && (epoch === "" || epoch === position.epoch);
    if (isSameLife && offset !== null && offset <= position.offset) return;
    if (offset !== null) this.#position = { epoch, offset };
    this.#options.apply(data as E);
  }

  /** Whether something may have happened between what is applied and the first publication that was heard. */
  #misses(): boolean {
    const heardFrom = this.#options.channels.heardFrom(this.#options.channel, this.#follower);
    if (heardFrom === null) return false;
    if (this.#position === null) return !this.#wasLiveAtHold;
    return heardFrom.epoch !== this.#position.epoch || heardFrom.offset > this.#position.offset;
  }
}
