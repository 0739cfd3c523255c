/** The feed by days. */
import type { Notification } from "@vestnik/client";
import { dayKey } from "../../i18n/formats";

export interface DayGroup {
  readonly key: string;
  readonly at: string;
  readonly notifications: readonly Notification[];
}

/** When a notification last had something new to say: a later one may have been folded into it. */
export function momentOf(notification: Notification): string {
  return notification.updated_at;
}

/** Groups a feed that is newest first; the order within it stays. */
export function byDay(notifications: readonly Notification[]): DayGroup[] {
  const groups: { key: string; at: string; notifications: Notification[] }[] = [];
  for (const notification of notifications) {
    const at = momentOf(notification);
    const key = dayKey(at);
    const last = groups[groups.length - 1];
    if (last?.key === key) last.notifications.push(notification);
    else groups.push({ key, at, notifications: [notification] });
  }
  return groups;
}
