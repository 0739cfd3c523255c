import type { Notification } from "@vestnik/client";

/** Nothing in a hidden tab, and nothing that leads to where the person is. */
export function isWorthAToast(notification: Notification, location: string, visible: boolean): boolean {
  return visible && (notification.link === "" || notification.link !== location);
}
