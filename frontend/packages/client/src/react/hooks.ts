/** A hook per store: its snapshot, and what can be done with it. The functions stay the same between renders. */

import { useEffect, useMemo, useSyncExternalStore } from "react";
import type { OutboxView, Session } from "../core/interfaces.ts";
import type { RealtimeClient } from "../core/realtime.ts";
import type {
  ConnectionSnapshot,
  InvoicesSnapshot,
  NotificationsSnapshot,
  PendingMessage,
  ReadableStore,
  RoomSnapshot,
  RoomsSnapshot,
  SendOptions,
  SessionSnapshot,
  Unsubscribe,
} from "../core/types.ts";
import { type Diagnosis, diagnose } from "../diagnosis/diagnose.ts";
import type { Language } from "../diagnosis/texts.ts";
import { ChatWebSocketService } from "../services/chat.ts";
import { chatOf } from "../stores/chat.ts";
import { type InvoicesStore, invoicesOf } from "../stores/invoices.ts";
import { type NotificationsStore, notificationsOf } from "../stores/notifications.ts";
import type { RoomsStore } from "../stores/rooms.ts";
import { useRealtimeClient } from "./realtime.tsx";

function useSnapshot<T>(store: ReadableStore<T>): T {
  return useSyncExternalStore(store.subscribe, store.getSnapshot, store.getSnapshot);
}

/** Keeps a store open for as long as the component is there. */
function useOpen(store: { open(): Unsubscribe }): void {
  useEffect(() => store.open(), [store]);
}

export type ConnectionView = ConnectionSnapshot & {
  retryNow(): void;
  diagnose(language?: Language): Promise<Diagnosis>;
};

/** The connection's state, with *Retry now* and the diagnosis. */
export function useConnection(): ConnectionView {
  const realtime = useRealtimeClient();
  const snapshot = useSnapshot(realtime);
  const actions = useMemo(
    () => ({
      retryNow: () => realtime.retryNow(),
      diagnose: (language?: Language) =>
        diagnose({ realtime, ...(language === undefined ? {} : { language }) }),
    }),
    [realtime],
  );
  return useMemo(() => ({ ...snapshot, ...actions }), [snapshot, actions]);
}

export type SessionView = SessionSnapshot & Pick<Session, "signIn" | "signOut">;

/** Who is signed in, and how to change that. */
export function useSession(): SessionView {
  const { session } = useRealtimeClient();
  const snapshot = useSnapshot(session);
  return useMemo(
    () => ({ ...snapshot, signIn: session.signIn, signOut: session.signOut }),
    [snapshot, session],
  );
}

export type RoomView = RoomSnapshot & {
  /** Puts a message into the outbox; resolves with its `client_id`. */
  send(text: string, options?: SendOptions): Promise<string>;
  loadOlder(): Promise<void>;
  refetch(): Promise<void>;
  markRead(seq: number): void;
  setTyping(typing: boolean): void;
  edit(messageId: number, text: string): Promise<void>;
  remove(messageId: number): Promise<void>;
  react(messageId: number, emoji: string, on?: boolean): Promise<void>;
  /** Of a message that is not on the server: sends it again, changes it, throws it away. */
  retry(clientId: string): Promise<void>;
  editPending(clientId: string, text: string): Promise<void>;
  discard(clientId: string): Promise<void>;
};

const services = new WeakMap<RealtimeClient, ChatWebSocketService>();

function serviceOf(realtime: RealtimeClient): ChatWebSocketService {
  let service = services.get(realtime);
  if (service === undefined) {
    service = new ChatWebSocketService(() => realtime);
    services.set(realtime, service);
  }
  return service;
}

/** A room, open for as long as the component is there. */
export function useRoom(roomId: number): RoomView {
  const realtime = useRealtimeClient();
  const store = chatOf(realtime).room(roomId);
  const snapshot = useSnapshot(store);
  useEffect(() => {
    const service = serviceOf(realtime);
    return openRoom(service, roomId);
  }, [realtime, roomId]);
  const actions = useMemo(() => {
    const service = serviceOf(realtime);
    const { outbox } = realtime;
    return {
      send: (text: string, options?: SendOptions) => service.sendMessage(roomId, text, options),
      loadOlder: store.loadOlder,
      refetch: store.refetch,
      markRead: (seq: number) => service.markRead(roomId, seq),
      setTyping: (typing: boolean) => service.sendTyping(roomId, typing),
      edit: (messageId: number, text: string) => service.editMessage(messageId, text),
      remove: (messageId: number) => service.deleteMessage(messageId),
      react: (messageId: number, emoji: string, on?: boolean) => service.react(messageId, emoji, on),
      retry: outbox.retry,
      editPending: outbox.edit,
      discard: outbox.discard,
    };
  }, [realtime, roomId, store]);
  return useMemo(() => ({ ...snapshot, ...actions }), [snapshot, actions]);
}

const viewers = new WeakMap<ChatWebSocketService, Map<number, number>>();

/** Several components may show one room: the last that leaves closes it. */
function openRoom(service: ChatWebSocketService, roomId: number): Unsubscribe {
  const counts = viewers.get(service) ?? new Map<number, number>();
  viewers.set(service, counts);
  counts.set(roomId, (counts.get(roomId) ?? 0) + 1);
  service.connectToRoom(roomId);
  return () => {
    const left = (counts.get(roomId) ?? 1) - 1;
    counts.set(roomId, left);
    if (left === 0) service.disconnectFromRoom(roomId);
  };
}

export type RoomsView = RoomsSnapshot & Pick<RoomsStore, "refetch" | "add">;

/** The list of rooms, live, with the total of unread messages. */
export function useRooms(): RoomsView {
  const store = chatOf(useRealtimeClient()).rooms;
  const snapshot = useSnapshot(store);
  useOpen(store);
  return useMemo(() => ({ ...snapshot, refetch: store.refetch, add: store.add }), [snapshot, store]);
}

export type NotificationsView = NotificationsSnapshot &
  Pick<NotificationsStore, "refetch" | "loadMore" | "markRead" | "markAllRead" | "markSeen" | "archive">;

/** The notification feed, live, with the counts for a bell. */
export function useNotifications(): NotificationsView {
  const store = notificationsOf(useRealtimeClient());
  const snapshot = useSnapshot(store);
  useOpen(store);
  return useMemo(() => {
    const { refetch, loadMore, markRead, markAllRead, markSeen, archive } = store;
    return { ...snapshot, refetch, loadMore, markRead, markAllRead, markSeen, archive };
  }, [snapshot, store]);
}

export type InvoicesView = InvoicesSnapshot & Pick<InvoicesStore, "refetch" | "loadMore" | "put">;

/** The invoices that concern the signed-in person, live. */
export function useInvoices(): InvoicesView {
  const store = invoicesOf(useRealtimeClient());
  const snapshot = useSnapshot(store);
  useOpen(store);
  return useMemo(() => {
    const { refetch, loadMore, put } = store;
    return { ...snapshot, refetch, loadMore, put };
  }, [snapshot, store]);
}

export type OutboxHookView = { readonly pending: readonly PendingMessage[] } & Pick<
  OutboxView,
  "durable" | "retry" | "edit" | "discard"
>;

/** All messages that are not on the server yet, of all rooms. */
export function useOutbox(): OutboxHookView {
  const { outbox } = useRealtimeClient();
  const pending = useSnapshot(outbox);
  return useMemo(() => {
    const { durable, retry, edit, discard } = outbox;
    return { pending, durable, retry, edit, discard };
  }, [pending, outbox]);
}
