import type { Message } from "@vestnik/client";
import { type KeyboardEvent, memo, type ReactNode } from "react";
import { useText } from "../../i18n/useText";
import { Avatar } from "../../ui/Avatar";
import { classes } from "../../ui/classes";
import { MessageMenu } from "./MessageMenu";
import { type DeliveryState, MessageState } from "./MessageState";
import { MessageText } from "./MessageText";
import { Reactions } from "./Reactions";

export interface MessageActions {
  reply(message: Message): void;
  edit(message: Message): void;
  remove(message: Message): void;
  react(message: Message, emoji: string, on: boolean): void;
  /** Shows the message that another one answers. */
  show(messageId: number): void;
}

interface MessageRowProps {
  message: Message;
  own: boolean;
  userId: number | null;
  startsGroup: boolean;
  endsGroup: boolean;
  /** Names are needed only where more than two people talk. */
  withNames: boolean;
  state: DeliveryState;
  readBy: number | undefined;
  /** The message that this one answers, if it is loaded. */
  repliedTo: Message | undefined;
  writable: boolean;
  /** Whether Tab stops here; the arrow keys move on. */
  tabStop: boolean;
  actions: MessageActions;
}

export const MessageRow = memo(function MessageRow(props: MessageRowProps) {
  const {
    message,
    own,
    userId,
    startsGroup,
    withNames,
    state,
    readBy,
    repliedTo,
    writable,
    tabStop,
    actions,
  } = props;
  const { t, formats } = useText();
  const deleted = message.deleted_at !== null;
  const author = own ? t("message.you") : message.sender.display_name;
  return (
    <Bubble
      {...props}
      author={author}
      name={withNames && !own && startsGroup ? message.sender.display_name : null}
      data={{
        "data-testid": "message",
        "data-row": message.client_id || `id-${message.id}`,
        "data-client-id": message.client_id,
        "data-message-id": message.id,
        "data-seq": message.seq,
        "data-state": deleted ? "deleted" : own ? state : "received",
      }}
      tone={own ? "own" : "other"}
      menu={
        deleted ? null : (
          <MessageMenu
            message={message}
            own={own}
            writable={writable}
            tabStop={tabStop}
            actions={actions}
            userId={userId}
          />
        )
      }
      below={
        <Reactions
          message={message}
          userId={userId}
          writable={writable}
          tabStop={tabStop}
          onToggle={(emoji, on) => actions.react(message, emoji, on)}
        />
      }
      time={
        <>
          {message.edited_at && !deleted && (
            <span title={formats.moment(message.edited_at)}>{t("message.edited")}</span>
          )}
          <time dateTime={message.created_at} title={formats.moment(message.created_at)}>
            {formats.time(message.created_at)}
          </time>
          {own && !deleted && <MessageState state={state} readBy={readBy} />}
        </>
      }
    >
      {message.reply_to !== null && !deleted && (
        <button
          type="button"
          tabIndex={tabStop ? 0 : -1}
          onClick={() => message.reply_to !== null && actions.show(message.reply_to)}
          className="mb-1 block w-full min-w-0 rounded-md border-l-2 border-accent bg-accent-faint px-2 py-1 text-left text-sm"
        >
          <span className="block font-medium text-accent">
            {repliedTo
              ? repliedTo.sender.id === userId
                ? t("message.you")
                : repliedTo.sender.display_name
              : t("message.reply")}
          </span>
          <span className="line-clamp-2 text-ink-soft">
            {repliedTo
              ? repliedTo.deleted_at
                ? t("message.deleted")
                : repliedTo.text
              : t("message.earlier")}
          </span>
        </button>
      )}
      {deleted ? (
        <span className="text-ink-soft italic">{t("message.deleted")}</span>
      ) : (
        <>
          {message.text && <MessageText text={message.text} />}
          {message.attachments.map((file) => (
            <a
              key={file.id}
              href={file.url}
              target="_blank"
              rel="noopener noreferrer"
              className="mt-1 block text-accent underline underline-offset-2"
            >
              {file.name}
            </a>
          ))}
        </>
      )}
    </Bubble>
  );
});

interface BubbleProps {
  author: string;
  name: string | null;
  own: boolean;
  startsGroup: boolean;
  endsGroup: boolean;
  tabStop: boolean;
  tone: "own" | "other" | "failed";
  data: Record<string, string | number>;
  menu?: ReactNode;
  below?: ReactNode;
  time: ReactNode;
  children: ReactNode;
}

const TONES = {
  own: "bg-accent-soft",
  other: "bg-surface border border-line",
  failed: "bg-danger-soft border border-danger",
};

/** The shape that stored and waiting messages share. */
export function Bubble(props: BubbleProps) {
  const { author, name, own, startsGroup, endsGroup, tabStop, tone, data, menu, below, time, children } =
    props;
  return (
    <article
      {...data}
      tabIndex={tabStop ? 0 : -1}
      onKeyDown={openMenuByKey}
      className={classes(
        "group/message relative flex w-full gap-2.5 px-3 outline-none md:px-6",
        startsGroup ? "pt-2.5" : "pt-0.5",
        own && "flex-row-reverse",
      )}
    >
      {!own && (
        <span className="w-9 shrink-0 self-end">{endsGroup && <Avatar name={author} size={36} />}</span>
      )}
      <div
        className={classes("flex max-w-[min(34rem,82%)] min-w-0 flex-col", own ? "items-end" : "items-start")}
      >
        <div
          className={classes(
            "relative min-w-0 max-w-full rounded-2xl px-3.5 py-2 group-focus-visible/message:outline-2 group-focus-visible/message:outline-accent",
            TONES[tone],
            endsGroup && (own ? "rounded-br-md" : "rounded-bl-md"),
          )}
        >
          {name ? (
            <p className="mb-0.5 text-sm font-semibold text-accent">{name}</p>
          ) : (
            <span className="sr-only">{author}: </span>
          )}
          {children}
          <span className="tabular float-right mt-1.5 ml-3 inline-flex h-4 items-center gap-1 text-xs text-ink-soft">
            {time}
          </span>
        </div>
        {below}
      </div>
      {menu && <div className="self-center">{menu}</div>}
    </article>
  );
}

/** Enter on a focused message opens its menu. */
function openMenuByKey(event: KeyboardEvent<HTMLElement>) {
  if (event.key !== "Enter" || event.target !== event.currentTarget) return;
  event.preventDefault();
  const button = event.currentTarget.querySelector<HTMLButtonElement>("[aria-haspopup=menu]");
  // The menu listens to the pointer and to keys, not to click().
  button?.dispatchEvent(
    new globalThis.KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }),
  );
}
