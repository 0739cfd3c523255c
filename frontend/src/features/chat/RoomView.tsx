import type { Message, PendingMessage, Room } from "@vestnik/client";
import { useRoom, useSession } from "@vestnik/client/react";
import { lazy, Suspense, useCallback, useMemo, useRef, useState } from "react";
import { Link } from "wouter";
import { codeText, errorText } from "../../i18n/errors";
import { useText } from "../../i18n/useText";
import { Button } from "../../ui/Button";
import { complain } from "../../ui/complain";
import { Empty } from "../../ui/Empty";
import { AlertIcon, ChatIcon, LockIcon } from "../../ui/icons";
import { Spinner } from "../../ui/Spinner";
import { Composer } from "./Composer";
import { type Composing, lastEditable, WRITING } from "./composing";
import { MessageList } from "./MessageList";
import { RoomHeader } from "./RoomHeader";
import { readOnlyReason } from "./rooms";
import { TypingLine } from "./TypingLine";
import { useAnnouncements } from "./useAnnouncements";

const DeleteDialog = lazy(() => import("./DeleteDialog"));

/** One room. The parent gives it `key={roomId}`, so nothing of one room is ever shown in another. */
export function RoomView({ roomId }: { roomId: number }) {
  const { t } = useText();
  const { userId } = useSession();
  const room = useRoom(roomId);

  if (room.gone) {
    return (
      <Empty icon={<LockIcon size={28} />} title={t("chat.gone")}>
        <Link href="/chat" className="text-accent underline underline-offset-4">
          {t("chat.toRooms")}
        </Link>
      </Empty>
    );
  }
  const unreachable = room.status === "failed" && room.messages.length === 0;
  // Without a network the room can still be written to: what waits is shown, and what is written waits too.
  if (unreachable || (room.room && (room.status === "ready" || room.messages.length > 0))) {
    return <OpenRoom roomId={roomId} userId={userId} details={room.room} room={room} />;
  }
  return <Spinner label={t("common.loading")} />;
}

interface OpenRoomProps {
  roomId: number;
  userId: number | null;
  /** Null while the server cannot be asked. */
  details: Room | null;
  room: ReturnType<typeof useRoom>;
}

function OpenRoom({ roomId, userId, details, room }: OpenRoomProps) {
  const { t } = useText();
  const [composing, setComposing] = useState<Composing>(WRITING);
  const [deleting, setDeleting] = useState<Message | null>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const announcement = useAnnouncements(room.messages, userId, t);
  const closed = details && readOnlyReason(details);

  const say = useCallback((error: unknown) => complain(errorText(t, error)), [t]);
  const compose = useCallback((next: Composing) => {
    setComposing(next);
    field.current?.focus();
  }, []);

  // The callbacks of the hook may be new at every render; rows must not be.
  const latest = useRef(room);
  latest.current = room;

  const actions = useMemo(
    () => ({
      reply: (message: Message) => compose({ type: "new", replyTo: message }),
      edit: (message: Message) => compose({ type: "edit", message }),
      remove: setDeleting,
      react: (message: Message, emoji: string, on: boolean) => {
        latest.current.react(message.id, emoji, on).catch(say);
      },
    }),
    [compose, say],
  );
  const pendingActions = useMemo(
    () => ({
      retry: (pending: PendingMessage) => void latest.current.retry(pending.clientId).catch(say),
      edit: (pending: PendingMessage) => compose({ type: "edit-pending", pending }),
      discard: (pending: PendingMessage) => void latest.current.discard(pending.clientId).catch(say),
    }),
    [compose, say],
  );
  const loadOlder = useCallback(() => void latest.current.loadOlder().catch(() => undefined), []);
  const markRead = useCallback((seq: number) => latest.current.markRead(seq), []);
  const setTyping = useCallback((typing: boolean) => latest.current.setTyping(typing), []);

  const submit = (text: string) => {
    if (composing.type === "new") {
      const replyTo = composing.replyTo?.id;
      room.send(text, replyTo === undefined ? {} : { replyTo }).catch(say);
    } else if (composing.type === "edit-pending") {
      room.editPending(composing.pending.clientId, text).catch(say);
    } else if (text !== composing.message.text) {
      room.edit(composing.message.id, text).catch(say);
    }
    setComposing(WRITING);
  };

  const editLast = () => {
    const message = lastEditable(room.messages, userId);
    if (message) compose({ type: "edit", message });
  };

  const unreachable = room.status === "failed" && room.messages.length === 0;
  const nothingYet = room.messages.length === 0 && room.pending.length === 0;
  return (
    <section
      aria-label={t("chat.room")}
      className="flex h-full flex-col"
      data-testid="room"
      data-room-id={roomId}
    >
      {details && <RoomHeader room={details} userId={userId} present={room.present} live={room.live} />}
      {unreachable && (
        <div className="flex flex-wrap items-center justify-center gap-3 border-b border-line bg-surface px-4 py-3 text-ink-soft">
          <AlertIcon size={18} />
          {codeText(t, room.error?.code ?? 0)}
          <Button small onClick={() => void room.refetch()}>
            {t("common.retry")}
          </Button>
        </div>
      )}
      {nothingYet ? (
        <div className="min-h-0 flex-1">
          {!unreachable && (
            <Empty icon={<ChatIcon size={28} />} title={t("chat.noMessages")}>
              {closed ? null : t("chat.noMessagesHint")}
            </Empty>
          )}
        </div>
      ) : (
        <MessageList
          // What was read so far is known only once the room is: then the list starts anew from there.
          key={details ? "known" : "unreachable"}
          snapshot={room}
          userId={userId}
          writable={!closed}
          actions={actions}
          pendingActions={pendingActions}
          loadOlder={loadOlder}
          markRead={markRead}
        />
      )}
      <p className="sr-only" aria-live="polite" data-testid="announcements">
        {announcement}
      </p>
      <TypingLine typing={room.typing} members={room.members} />
      {closed ? (
        <p
          data-testid="read-only"
          className="flex items-center justify-center gap-2 border-t border-line bg-surface px-4 py-4 text-ink-soft"
        >
          <LockIcon size={18} />
          {t(closed === "locked" ? "chat.locked" : "chat.relationEnded")}
        </p>
      ) : (
        <Composer
          roomId={roomId}
          userId={userId}
          composing={composing}
          fieldRef={field}
          setTyping={setTyping}
          onSubmit={submit}
          onCancel={() => compose(WRITING)}
          onEditLast={editLast}
        />
      )}
      {deleting && (
        <Suspense>
          <DeleteDialog
            onCancel={() => setDeleting(null)}
            onDelete={() => {
              room.remove(deleting.id).catch(say);
              setDeleting(null);
            }}
          />
        </Suspense>
      )}
    </section>
  );
}
