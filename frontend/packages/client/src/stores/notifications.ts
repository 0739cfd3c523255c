/** The notification feed, live. */

import type { RealtimeClient } from "../core/realtime.ts";
import type { NotificationsSnapshot } from "../core/types.ts";
import type { NotificationCounts, NotificationEvent, NotificationPage } from "../payloads.ts";
import { reduceFeed, sortedFeed } from "./feed.ts";
import { PersonalStore } from "./personal-store.ts";

const EMPTY: NotificationsSnapshot = {
  status: "idle",
  error: null,
  notifications: [],
  unread: 0,
  unseen: 0,
  hasMore: false,
  loadingMore: false,
};

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

export class NotificationsStore extends PersonalStore<
  NotificationsSnapshot,
  NotificationEvent,
  NotificationPage
> {
  constructor(realtime: RealtimeClient) {
    super(realtime, { namespace: "notifications", path: "/api/notifications/" }, EMPTY);
  }

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

  protected withFirst({ results, unread, unseen }: NotificationPage): Partial<NotificationsSnapshot> {
    return { notifications: sortedFeed(results), unread, unseen };
  }

  protected withMore(page: NotificationPage): Partial<NotificationsSnapshot> {
    const { notifications } = this.getSnapshot();
    const known = new Set(notifications.map(({ id }) => id));
    return {
      notifications: sortedFeed([...notifications, ...page.results.filter(({ id }) => !known.has(id))]),
    };
  }

  protected withEvent(event: NotificationEvent): Partial<NotificationsSnapshot> {
    const { notifications, unread, unseen } = reduceFeed(this.getSnapshot(), event);
    return { notifications, unread, unseen };
  }

  #count(counts: NotificationCounts): void {
    this.state.patch({ unread: counts.unread, unseen: counts.unseen });
  }

  #newestId(): number {
    return Math.max(0, ...this.getSnapshot().notifications.map(({ id }) => id));
  }
}
