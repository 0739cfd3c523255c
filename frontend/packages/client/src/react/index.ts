/** Thin React hooks over the stores of `@vestnik/client`. */

import type { ReactNode } from "react";
import type {
  ConnectionSnapshot,
  Diagnosis,
  InvoicesSnapshot,
  InvoicesStore,
  NotificationsSnapshot,
  NotificationsStore,
  OutboxView,
  PendingMessage,
  Realtime,
  RoomSnapshot,
  RoomsSnapshot,
  RoomsStore,
  SendOptions,
  Session,
  SessionSnapshot,
} from "../index.ts";

export declare function RealtimeProvider(props: { realtime?: Realtime; children?: ReactNode }): ReactNode;
export declare function useRealtime(): Realtime;
export declare function useConnection(): ConnectionSnapshot & {
  retryNow(): void;
  diagnose(language?: "ru" | "en"): Promise<Diagnosis>;
};
export declare function useSession(): SessionSnapshot & Pick<Session, "signIn" | "signOut">;
export declare function useRoom(roomId: number): RoomSnapshot & {
  send(text: string, options?: SendOptions): Promise<string>;
  loadOlder(): Promise<void>;
  refetch(): Promise<void>;
  markRead(seq: number): void;
  setTyping(typing: boolean): void;
  edit(messageId: number, text: string): Promise<void>;
  remove(messageId: number): Promise<void>;
  react(messageId: number, emoji: string, on?: boolean): Promise<void>;
  retry(clientId: string): Promise<void>;
  editPending(clientId: string, text: string): Promise<void>;
  discard(clientId: string): Promise<void>;
};
export declare function useRooms(): RoomsSnapshot & Pick<RoomsStore, "refetch" | "add">;
export declare function useNotifications(): NotificationsSnapshot &
  Pick<NotificationsStore, "refetch" | "loadMore" | "markRead" | "markAllRead" | "markSeen" | "archive">;
export declare function useInvoices(): InvoicesSnapshot & Pick<InvoicesStore, "refetch" | "loadMore" | "put">;
export declare function useOutbox(): { pending: readonly PendingMessage[] } & Pick<OutboxView, "durable" | "retry" | "edit" | "discard">;
