/** The notification feed, live. */

import type { RealtimeClient } from "../core/realtime.ts";
import type { NotificationsSnapshot } from "../core/types.ts";
import type { NotificationCounts, NotificationEvent, NotificationPage } from "../payloads.ts";
import { reduceFeed, sortedFeed } from "./feed.ts";
import { FollowedChannel } from "./followed-channel.ts";
import { LiveStore } from "./live-store.ts";

const EMPTY: NotificationsSnapshot = {
  status: "idle",
  error: null,
  notifications: [],
  unread: 0,
  unseen: 0,
  hasMore: false,
  loadingMore: false,
};

const PATH = "/api/notifications/";

const stores = new WeakMap<RealtimeClient, NotificationsStore>();

/** The feed of a realtime, made at first use. */
export function notificationsOf(realtime: RealtimeClient): NotificationsStore {
  let store = stores.get(realtime);
  if (store === undefined) {
    store = new NotificationsStore(realtime);
    stores.set(realtime, store);
  }
  return store;
}

export class NotificationsStore extends LiveStore<NotificationsSnapshot> {
  #followed: FollowedChannel<NotificationEvent> | null = null;
  #next: string | null = null;

  constructor(realtime: RealtimeClient) {
    super(realtime, EMPTY);
  }

  /** Loads the page after the last one that is loaded. Rejects with `RequestError` when that fails. */
  readonly loadMore = async (): Promise<void> => {
    const cursor = this.#next;
    if (cursor === null || this.getSnapshot().loadingMore) return;
    this.state.patch({ loadingMore: true });
    try {
      const page = await this.realtime.api.get<NotificationPage>(PATH, { cursor });
      if (this.#next !== cursor) return;
      this.#next = page.next;
      const { notifications } = this.getSnapshot();
      const known = new Set(notifications.map(({ id }) => id));
      const fresh = page.results.filter(({ id }) => !known.has(id));
      this.state.patch({
        notifications: sortedFeed([...notifications, ...fresh]),
        hasMore: page.next !== null,
      });
    } finally {
      this.state.patch({ loadingMore: false });
    }
  };

  readonly markRead = async (ids: readonly number[]): Promise<void> => {
    if (ids.length > 0) this.#count(await this.realtime.rpc("notifications.read", { ids }));
  };

  readonly markAllRead = async (): Promise<void> => {
    const upTo = this.#newestId();
    if (upTo > 0) this.#count(await this.realtime.rpc("notifications.read", { up_to: upTo }));
  };

  /** Everything that is loaded was on the screen: the bell goes to zero. */
  readonly markSeen = async (): Promise<void> => {
    const upTo = this.#newestId();
    if (upTo > 0 && this.getSnapshot().unseen > 0)
      this.#count(await this.realtime.rpc("notifications.seen", { up_to: upTo }));
  };

  readonly archive = async (ids: readonly number[]): Promise<void> => {
    if (ids.length > 0) this.#count(await this.realtime.rpc("notifications.archive", { ids }));
  };

  protected attach(): void {
    const userId = this.realtime.identity.getSnapshot();
    if (this.#followed === null && userId !== null) {
      this.#followed = new FollowedChannel<NotificationEvent>({
        channels: this.realtime.channels,
        channel: `notifications:#${userId}`,
        apply: (event) => this.#apply(event),
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
    const page = await this.realtime.api.get<NotificationPage>(PATH);
    if (!isCurrent()) return;
    this.#next = page.next;
    const { results, unread, unseen } = page;
    this.state.patch({ notifications: sortedFeed(results), unread, unseen, hasMore: page.next !== null });
    this.#followed?.release(page.position);
  }

  #apply(event: NotificationEvent): void {
    const { notifications, unread, unseen } = reduceFeed(this.getSnapshot(), event);
    this.state.patch({ notifications, unread, unseen });
  }

  #count(counts: NotificationCounts): void {
    this.state.patch({ unread: counts.unread, unseen: counts.unseen });
  }

  #newestId(): number {
    return Math.max(0, ...this.getSnapshot().notifications.map(({ id }) => id));
  }
}
