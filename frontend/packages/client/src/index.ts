/** `@vestnik/client`: chat, notifications and payment statuses over one WebSocket that loses nothing. */

export { configureRealtime, getDefaultRealtime } from "./core/default-realtime.ts";
export { InvalidArgumentError, RealtimeError, RequestError } from "./core/errors.ts";
export type * from "./core/interfaces.ts";
export { createRealtime, type RealtimeOptions } from "./core/realtime.ts";
export type * from "./core/types.ts";
export { getWebSocketBaseUrl } from "./core/url.ts";
export { type DiagnoseOptions, type Diagnosis, diagnose, type ProbeOutcome } from "./diagnosis/diagnose.ts";
export {
  DIAGNOSIS_REASONS,
  type DiagnosisReason,
  type DiagnosisText,
  diagnosisText,
  type Language,
} from "./diagnosis/texts.ts";
export { DisconnectCode, ErrorCode, UnsubscribeCode } from "./generated/codes.ts";
export { MAX_TEXT, OutboxFullError } from "./outbox/outbox.ts";
export type * from "./payloads.ts";
export { ChatWebSocketService } from "./services/chat.ts";
export { type InvoiceHandlers, InvoiceWebSocketService } from "./services/invoice.ts";
export { type NotificationHandlers, NotificationWebSocketService } from "./services/notification.ts";
export {
  chatWebSocketService,
  invoiceWebSocketService,
  notificationWebSocketService,
} from "./services/singletons.ts";
export type { InvoicesStore } from "./stores/invoices.ts";
export type { NotificationsStore } from "./stores/notifications.ts";
export type { RoomStore } from "./stores/room.ts";
export type { RoomsStore } from "./stores/rooms.ts";
