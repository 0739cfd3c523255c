/** Texts for what went wrong. The server sends codes; the words are ours. */
import { RealtimeError, RequestError } from "@vestnik/client";
import type { MessageId } from "./ids.gen";
import type { Translate } from "./useText";

/** Slugs of REST errors that have a text of their own. */
const BY_SLUG: Record<string, MessageId> = {
  network: "error.network",
  timeout: "error.timeout",
  backend_unreachable: "error.backend",
  wrong_credentials: "error.credentials",
  unauthorized: "error.signedOut",
  not_signed_in: "error.signedOut",
  too_many_requests: "error.throttled",
  not_found: "error.notFound",
  room_not_found: "error.notFound",
  room_locked: "error.roomLocked",
  room_read_only: "error.readOnly",
  room_full: "error.roomFull",
  not_a_contact: "error.notAContact",
  message_deleted: "error.messageDeleted",
  permission_denied: "error.forbidden",
  conflict: "error.conflict",
  too_large: "error.tooLarge",
  invalid_parameters: "error.invalid",
};

const BY_STATUS: Record<number, MessageId> = {
  0: "error.network",
  400: "error.invalid",
  401: "error.signedOut",
  403: "error.forbidden",
  404: "error.notFound",
  409: "error.conflict",
  413: "error.tooLarge",
  429: "error.throttled",
  502: "error.backend",
  503: "error.backend",
  504: "error.backend",
};

/** Codes of the socket protocol; below 100 they are the library's own and mean that no answer came. */
const BY_PROTOCOL_CODE: Record<number, MessageId> = {
  1: "error.timeout",
  2: "error.network",
  11: "error.network",
  101: "error.signedOut",
  102: "error.notFound",
  103: "error.forbidden",
  107: "error.invalid",
  109: "error.signedOut",
  111: "error.throttled",
  400: "error.invalid",
  404: "error.notFound",
  409: "error.conflict",
  413: "error.tooLarge",
};

/** A sentence for a person about anything that was thrown. */
export function errorText(t: Translate, error: unknown): string {
  if (error instanceof RequestError) {
    return t(
      BY_SLUG[error.code] ??
        BY_STATUS[error.status] ??
        (error.status >= 500 ? "error.server" : "error.unknown"),
    );
  }
  if (error instanceof RealtimeError) return codeText(t, error.code);
  return t("error.unknown");
}

/** A sentence for a code that a store or a pending message carries. */
export function codeText(t: Translate, code: number): string {
  return t(BY_PROTOCOL_CODE[code] ?? BY_STATUS[code] ?? "error.unknown");
}
