/** The three services on the default realtime. Importing them connects nothing. */

import { getDefaultRealtime } from "../core/default-realtime.ts";
import { ChatWebSocketService } from "./chat.ts";
import { InvoiceWebSocketService } from "./invoice.ts";
import { NotificationWebSocketService } from "./notification.ts";

export const chatWebSocketService = new ChatWebSocketService(getDefaultRealtime);
export const notificationWebSocketService = new NotificationWebSocketService(getDefaultRealtime);
export const invoiceWebSocketService = new InvoiceWebSocketService(getDefaultRealtime);
