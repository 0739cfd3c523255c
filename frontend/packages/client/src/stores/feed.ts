/** A notification feed as a value, and the one function that applies an event to it. */

import { withElement } from "../core/arrays.ts";
import type { Notification, NotificationCounts, NotificationEvent } from "../payloads.ts";

export interface Feed extends NotificationCounts {
  /** The latest first; archived ones are left out. */
  readonly notifications: readonly Notification[];
}

export function sortedFeed(notifications: readonly Notification[]): readonly Notification[] {
  return [...notifications].sort((left, right) => moment(right) - moment(left) || right.id - left.id);
}

function moment(notification: Notification): number {
  return Date.parse(notification.updated_at);
}

/** Applies one event; applying it again changes nothing that is shown. */
export function reduceFeed(feed: Feed, event: NotificationEvent): Feed {
  const notifications = reduceNotifications(feed.notifications, event);
  const counts = "counts" in event ? event.counts : feed;
  if (notifications === feed.notifications && counts.unread === feed.unread && counts.unseen === feed.unseen)
    return feed;
  return { notifications, unread: counts.unread, unseen: counts.unseen };
}

function reduceNotifications(
  notifications: readonly Notification[],
  event: NotificationEvent,
): readonly Notification[] {
  switch (event.type) {
    case "notification.created":
    case "notification.changed":
      return withNotification(notifications, event.notification);
    case "notifications.read_all":
      return upTo(notifications, event.up_to, (known) => ({
        ...known,
        read_at: known.read_at ?? event.read_at,
        seen_at: known.seen_at ?? event.read_at,
      }));
    case "notifications.seen_all":
      return upTo(notifications, event.up_to, (known) => ({
        ...known,
        seen_at: known.seen_at ?? event.seen_at,
      }));
    case "notifications.archived_all":
      return notifications.filter((known) => known.id > event.up_to);
    default:
      return notifications;
  }
}

function withNotification(
  notifications: readonly Notification[],
  incoming: Notification,
): readonly Notification[] {
  const index = notifications.findIndex((known) => known.id === incoming.id);
  if (incoming.archived_at !== null)
    return index < 0 ? notifications : notifications.filter((known) => known.id !== incoming.id);
  if (index < 0) return sortedFeed([incoming, ...notifications]);
  return sortedFeed(withElement(notifications, index, incoming));
}

function upTo(
  notifications: readonly Notification[],
  last: number,
  change: (known: Notification) => Notification,
): readonly Notification[] {
  return notifications.map((known) => (known.id <= last ? change(known) : known));
}
