/** Notifications as a service: a typed view on the one connection. */

import type { RealtimeClient } from "../core/realtime.ts";
import type { Unsubscribe } from "../core/types.ts";
import type { Notification, NotificationEvent } from "../payloads.ts";
import { type NotificationsStore, notificationsOf } from "../stores/notifications.ts";
import { type ChannelHandlers, connectPersonal } from "./personal.ts";

export interface NotificationHandlers extends ChannelHandlers {
  /** A new notification, as it happens; what was missed while away is in the store. */
  onNotification?(notification: Notification): void;
  /** It was seen, read or archived, here or elsewhere, or a later one was folded into it. */
  onChanged?(notification: Notification): void;
  onReadAll?(upTo: number): void;
}

export class NotificationWebSocketService {
  readonly #realtime: () => RealtimeClient;
  #connections: Unsubscribe[] = [];

  constructor(realtime: () => RealtimeClient) {
    this.#realtime = realtime;
  }

  /** Starts hearing notifications. May be called by several parts of a page; the returned function ends one of them. */
  connect(handlers: NotificationHandlers = {}): Unsubscribe {
    const channel = {
      label: "NotificationWebSocket",
      namespace: "notifications",
      store: notificationsOf,
      handle: (event: NotificationEvent) => dispatch(event, handlers),
    };
    const stop = connectPersonal(this.#realtime(), channel, handlers);
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

  /** The feed, without opening it. */
  store(): NotificationsStore {
    return notificationsOf(this.#realtime());
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
