import type { Room } from "@vestnik/client";
import { memo } from "react";
import { Link } from "wouter";
import { daysBetween } from "../../i18n/formats";
import { useText } from "../../i18n/useText";
import { Avatar } from "../../ui/Avatar";
import { Badge } from "../../ui/Badge";
import { classes } from "../../ui/classes";
import { useDraft } from "./drafts";
import { othersIn, roomTitle } from "./rooms";
import { usePresence } from "./usePresence";

interface RoomListItemProps {
  room: Room;
  userId: number | null;
  open: boolean;
}

export const RoomListItem = memo(function RoomListItem({ room, userId, open }: RoomListItemProps) {
  const { t, formats } = useText();
  const title = roomTitle(t, room, userId);
  const draft = useDraft(userId, room.id);
  const present = usePresence(room.id);
  const isGroup = room.kind === "group";
  const online = !isGroup && othersIn(room, userId).some((member) => present.includes(member.id));
  const last = room.last_message;
  return (
    <li>
      <Link
        href={`/chat/${room.id}`}
        aria-current={open ? "page" : undefined}
        data-testid="room-list-item"
        data-room-id={room.id}
        className={classes(
          "flex min-h-17 items-center gap-3 rounded-xl px-2 py-2 transition-colors",
          open ? "bg-accent-soft" : "hover:bg-sunken",
        )}
      >
        <Avatar name={title} size={46} group={isGroup} online={online} />
        <span className="min-w-0 flex-1">
          <span className="flex items-baseline gap-2">
            <span className="min-w-0 flex-1 truncate font-semibold">{title}</span>
            {online && <span className="sr-only">{t("presence.online")}</span>}
            {last && (
              <time dateTime={last.created_at} className="tabular shrink-0 text-xs text-ink-soft">
                {daysBetween(new Date(last.created_at), new Date()) === 0
                  ? formats.time(last.created_at)
                  : formats.shortDay(last.created_at)}
              </time>
            )}
          </span>
          <span className="flex items-center gap-2">
            <span className="min-w-0 flex-1 truncate text-sm text-ink-soft">
              {draft && !open ? (
                <>
                  <span className="text-danger">{t("chat.draft")}</span> {draft}
                </>
              ) : (
                <LastMessage room={room} userId={userId} />
              )}
            </span>
            <Badge
              count={room.unread}
              label={t("chat.unread", { count: room.unread })}
              testId="unread-badge"
            />
          </span>
        </span>
      </Link>
    </li>
  );
});

function LastMessage({ room, userId }: { room: Room; userId: number | null }) {
  const { t } = useText();
  const last = room.last_message;
  if (!last) return t("chat.noMessages");
  const text = last.deleted_at
    ? t("message.deleted")
    : last.text || last.attachments.map((file) => file.name).join(", ");
  if (last.sender.id === userId) return t("chat.lastOwn", { text });
  if (room.kind === "group") return t("chat.lastOther", { name: last.sender.display_name, text });
  return text;
}
