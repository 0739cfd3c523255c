import { lazy, Suspense, useState } from "react";
import { useText } from "../../i18n/useText";
import { classes } from "../../ui/classes";
import { Empty } from "../../ui/Empty";
import { ChatIcon } from "../../ui/icons";
import { RoomList } from "./RoomList";
import { RoomView } from "./RoomView";

const NewChatDialog = lazy(() => import("./NewChatDialog"));

/** The list of rooms and the open one: side by side, on a phone one at a time. */
export default function ChatPage({ roomId }: { roomId: number | null }) {
  const { t } = useText();
  const [starting, setStarting] = useState(false);
  return (
    <div className="flex h-full">
      <aside
        aria-label={t("nav.chats")}
        className={classes(
          "w-full shrink-0 border-line bg-surface md:w-80 md:border-r lg:w-88",
          roomId !== null && "max-md:hidden",
        )}
      >
        <RoomList openRoomId={roomId} onNewChat={() => setStarting(true)} />
      </aside>
      <div className={classes("min-w-0 flex-1", roomId === null && "max-md:hidden")}>
        {roomId === null ? (
          <Empty icon={<ChatIcon size={28} />} title={t("chat.choose")}>
            {t("chat.chooseHint")}
          </Empty>
        ) : (
          <RoomView key={roomId} roomId={roomId} />
        )}
      </div>
      {starting && (
        <Suspense>
          <NewChatDialog onClose={() => setStarting(false)} />
        </Suspense>
      )}
    </div>
  );
}
