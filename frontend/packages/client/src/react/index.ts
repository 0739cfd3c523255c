/** Thin React hooks over the stores of `@vestnik/client`. */

export {
  type ConnectionView,
  type InvoicesView,
  type NotificationsView,
  type OutboxHookView,
  type RoomsView,
  type RoomView,
  type SessionView,
  useConnection,
  useInvoices,
  useNotifications,
  useOutbox,
  useRoom,
  useRooms,
  useSession,
} from "./hooks.ts";
export { RealtimeProvider, useRealtime } from "./realtime.tsx";
