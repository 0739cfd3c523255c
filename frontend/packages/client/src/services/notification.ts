/** Notifications as a service: a typed view on the one connection. */

import type { RealtimeClient } from "../core/realtime.ts";
import type { Notification, NotificationEvent } from "../payloads.ts";
import { type NotificationsStore, notificationsOf } from "../stores/notifications.ts";
import { type ChannelHandlers, PersonalService } from "./personal.ts";

export interface NotificationHandlers extends ChannelHandlers {
  /** A new notification, as it happens; what was missed while away is in the store. */
  onNotification?(notification: Notification): void;
  /** It was seen, read or archived, here or elsewhere, or a later one was folded into it. */
  onChanged?(notification: Notification): void;
  onReadAll?(upTo: number): void;
}

export class NotificationWebSocketService extends PersonalService<
  NotificationEvent,
  NotificationHandlers,
  NotificationsStore
> {
  constructor(realtime: () => RealtimeClient) {
    super(realtime, {
      label: "NotificationWebSocket",
      namespace: "notifications",
      store: notificationsOf,
      dispatch,
    });
  }
}

function dispatch(event: NotificationEvent, handlers: NotificationHandlers): void {
  switch (event.type) {
    case "notification.created":
      handlers.onNotification?.(event.notification);
      break;
    case "notification.changed":
      handlers.onChanged?.(event.notification);
      break;
    case "notifications.read_all":
      handlers.onReadAll?.(event.up_to);
      break;
    default:
  }
}
