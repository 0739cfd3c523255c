/** What the stores of a personal channel have in common: a list in pages, and one channel that changes it. */

import type { RealtimeClient } from "../core/realtime.ts";
import type { Position } from "../payloads.ts";
import { FollowedChannel } from "./followed-channel.ts";
import { LiveStore, type LoadState } from "./live-store.ts";

export interface PagedState extends LoadState {
  readonly hasMore: boolean;
  readonly loadingMore: boolean;
}

interface PersonalPage {
  readonly next: string | null;
  readonly position: Position;
}

interface PersonalList {
  /** `notifications`, for `notifications:#<user>`. */
  readonly namespace: string;
  /** Of the list over REST. */
  readonly path: string;
}

/** Subclasses say what the first page, a further page and an event make of the state. */
export abstract class PersonalStore<S extends PagedState, E, P extends PersonalPage> extends LiveStore<S> {
  readonly #list: PersonalList;
  #followed: FollowedChannel<E> | null = null;
  #next: string | null = null;

  protected constructor(realtime: RealtimeClient, list: PersonalList, empty: S) {
    super(realtime, empty);
    this.#list = list;
  }

  /** Loads the page after the last one that is loaded. Rejects with `RequestError` when that fails. */
  readonly loadMore = async (): Promise<void> => {
    const cursor = this.#next;
    if (cursor === null || this.getSnapshot().loadingMore) return;
    this.#patch({ loadingMore: true });
    try {
      const page = await this.realtime.api.get<P>(this.#list.path, { cursor });
      if (this.#next !== cursor) return;
      this.#next = page.next;
      this.#patch({ ...this.withMore(page), hasMore: page.next !== null });
    } finally {
      this.#patch({ loadingMore: false });
    }
  };

  protected abstract withFirst(page: P): Partial<S>;

  protected abstract withMore(page: P): Partial<S>;

  protected abstract withEvent(event: E): Partial<S>;

  protected attach(): void {
    const userId = this.realtime.identity.getSnapshot();
    if (this.#followed === null && userId !== null) {
      this.#followed = new FollowedChannel<E>({
        channels: this.realtime.channels,
        channel: `${this.#list.namespace}:#${userId}`,
        apply: (event) => this.#patch(this.withEvent(event)),
        onGap: this.loadAgain,
      });
    }
    this.#followed?.hold();
  }

  protected detach(): void {
    this.#followed?.close();
    this.#followed = null;
  }

  protected reset(): void {
    this.#next = null;
  }

  protected async load(isCurrent: () => boolean): Promise<void> {
    const page = await this.realtime.api.get<P>(this.#list.path);
    if (!isCurrent()) return;
    this.#next = page.next;
    this.#patch({ ...this.withFirst(page), hasMore: page.next !== null });
    this.#followed?.release(page.position);
  }

  #patch(change: Partial<S> | Partial<PagedState>): void {
    // TypeScript cannot see that fields of PagedState are fields of every S that extends it.
    this.state.patch(change as Partial<S>);
  }
}
