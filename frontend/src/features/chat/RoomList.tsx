import type { Room, UserRef } from "@vestnik/client";
import { useRooms, useSession } from "@vestnik/client/react";
import { useState } from "react";
import { codeText, errorText } from "../../i18n/errors";
import { useText } from "../../i18n/useText";
import { Avatar } from "../../ui/Avatar";
import { Button, IconButton } from "../../ui/Button";
import { complain } from "../../ui/complain";
import { Empty } from "../../ui/Empty";
import { AlertIcon, ChatIcon, PlusIcon, SearchIcon } from "../../ui/icons";
import { Spinner } from "../../ui/Spinner";
import { useContacts } from "../account/contacts";
import { roleText } from "../account/roles";
import { RoomListItem } from "./RoomListItem";
import { roomTitle } from "./rooms";
import { matches, useStartChat } from "./startChat";

interface RoomListProps {
  openRoomId: number | null;
  onNewChat: () => void;
}

export function RoomList({ openRoomId, onNewChat }: RoomListProps) {
  const { t } = useText();
  const { userId } = useSession();
  const { rooms, status, error, refetch } = useRooms();
  const [wanted, setWanted] = useState("");
  const shown = wanted.trim() ? rooms.filter((room) => matches(roomTitle(t, room, userId), wanted)) : rooms;

  return (
    <div className="flex h-full flex-col">
      <header className="flex items-center gap-1 pt-3 pr-2 pl-4">
        <h1 className="flex-1 text-xl font-bold tracking-tight">{t("nav.chats")}</h1>
        <IconButton label={t("chat.new")} data-testid="new-chat" onClick={onNewChat}>
          <PlusIcon />
        </IconButton>
      </header>
      <div className="relative px-3 pt-1 pb-3">
        <SearchIcon size={18} className="pointer-events-none absolute top-3.5 left-6 text-ink-faint" />
        <input
          type="search"
          aria-label={t("chat.search")}
          placeholder={t("chat.search")}
          value={wanted}
          onChange={(event) => setWanted(event.target.value)}
          className="min-h-10 w-full rounded-xl bg-sunken pr-3 pl-10 placeholder:text-ink-faint"
        />
      </div>
      <div className="min-h-0 flex-1 overflow-y-auto px-2 pb-2">
        {rooms.length > 0 ? (
          <ul>
            {shown.map((room) => (
              <RoomListItem key={room.id} room={room} userId={userId} open={room.id === openRoomId} />
            ))}
          </ul>
        ) : status === "failed" ? (
          <Empty icon={<AlertIcon size={28} />} title={codeText(t, error?.code ?? 0)}>
            <Button onClick={() => void refetch()}>{t("common.retry")}</Button>
          </Empty>
        ) : status === "ready" ? (
          <Empty icon={<ChatIcon size={28} />} title={t("chat.noRooms")}>
            <Button look="primary" onClick={onNewChat}>
              {t("chat.new")}
            </Button>
          </Empty>
        ) : (
          <Spinner label={t("common.loading")} />
        )}
        {wanted.trim() && (
          <FoundPeople wanted={wanted} rooms={rooms} userId={userId} onOpened={() => setWanted("")} />
        )}
      </div>
    </div>
  );
}

interface FoundPeopleProps {
  wanted: string;
  rooms: readonly Room[];
  userId: number | null;
  onOpened: () => void;
}

/** People with whom there is no conversation yet. */
function FoundPeople({ wanted, rooms, userId, onOpened }: FoundPeopleProps) {
  const { t } = useText();
  const contacts = useContacts();
  const startChat = useStartChat();
  const known = new Set(
    rooms.filter((room) => room.kind === "direct").flatMap((room) => room.members.map((member) => member.id)),
  );
  const people = (contacts.data ?? []).filter(
    (person) => person.id !== userId && !known.has(person.id) && matches(person.display_name, wanted),
  );
  if (people.length === 0) return null;

  const start = (person: UserRef) => {
    startChat([person.id]).then(onOpened, (failure: unknown) => complain(errorText(t, failure)));
  };
  return (
    <section aria-labelledby="found-people" className="mt-2 border-t border-line pt-3">
      <h2 id="found-people" className="px-2 pb-1 text-sm text-ink-soft">
        {t("chat.people")}
      </h2>
      <ul>
        {people.map((person) => (
          <li key={person.id}>
            <button
              type="button"
              onClick={() => start(person)}
              className="flex min-h-14 w-full items-center gap-3 rounded-xl px-2 text-left hover:bg-sunken"
            >
              <Avatar name={person.display_name} />
              <span className="min-w-0">
                <span className="block truncate font-medium">{person.display_name}</span>
                <span className="block text-sm text-ink-soft">{roleText(t, person.role)}</span>
              </span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
