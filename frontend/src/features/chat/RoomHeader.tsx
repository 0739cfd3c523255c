import type { Room } from "@vestnik/client";
import { Link } from "wouter";
import { useText } from "../../i18n/useText";
import { Avatar } from "../../ui/Avatar";
import { BackIcon } from "../../ui/icons";
import { roleText } from "../account/roles";
import { othersIn, roomTitle } from "./rooms";

interface RoomHeaderProps {
  room: Room;
  userId: number | null;
  present: readonly number[];
  /** Whether events arrive now; presence is not known otherwise. */
  live: boolean;
}

export function RoomHeader({ room, userId, present, live }: RoomHeaderProps) {
  const { t } = useText();
  const title = roomTitle(t, room, userId);
  const others = othersIn(room, userId);
  const online = live ? others.filter((member) => present.includes(member.id)).length : 0;
  const isGroup = room.kind === "group";
  const about = isGroup ? t("chat.members", { count: room.members.length }) : roleText(t, others[0]?.role);
  return (
    <header className="flex min-h-16 items-center gap-3 border-b border-line bg-surface px-2 md:px-6">
      <Link
        href="/chat"
        aria-label={t("chat.toRooms")}
        className="grid size-11 shrink-0 place-items-center rounded-lg text-ink-soft hover:bg-sunken md:hidden"
      >
        <BackIcon />
      </Link>
      <Avatar name={title} size={40} group={isGroup} online={!isGroup && online > 0} />
      <div className="min-w-0">
        <h1 className="truncate text-base leading-tight font-semibold">{title}</h1>
        <p className="truncate text-sm text-ink-soft" data-testid="presence">
          {[about, online > 0 && (isGroup ? t("presence.count", { count: online }) : t("presence.online"))]
            .filter(Boolean)
            .join(" · ")}
        </p>
      </div>
    </header>
  );
}
