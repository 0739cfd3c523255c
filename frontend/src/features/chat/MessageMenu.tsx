import type { Message } from "@vestnik/client";
import { useRef } from "react";
import { useText } from "../../i18n/useText";
import { IconButton } from "../../ui/Button";
import { CopyIcon, DeleteIcon, EditIcon, MoreIcon, ReplyIcon } from "../../ui/icons";
import { Menu, MenuItem, MenuRow } from "../../ui/Menu";
import type { MessageActions } from "./MessageRow";
import { EMOJIS, talliesOf } from "./reactions";

interface MessageMenuProps {
  message: Message;
  own: boolean;
  userId: number | null;
  writable: boolean;
  tabStop: boolean;
  actions: MessageActions;
}

export function MessageMenu({ message, own, userId, writable, tabStop, actions }: MessageMenuProps) {
  const { t } = useText();
  // Reply and edit move the focus into the composer; the closing menu must not take it back.
  const focusMoves = useRef(false);
  const moveFocus = (act: (message: Message) => void) => () => {
    focusMoves.current = true;
    act(message);
  };
  const mine = new Set(
    talliesOf(message, userId)
      .filter((tally) => tally.mine)
      .map((tally) => tally.emoji),
  );
  return (
    <Menu
      align={own ? "end" : "start"}
      onClosed={(event) => {
        if (focusMoves.current) event.preventDefault();
        focusMoves.current = false;
      }}
      trigger={
        <IconButton
          small
          label={t("message.actions")}
          tabIndex={tabStop ? 0 : -1}
          className="opacity-0 group-focus-within/message:opacity-100 group-hover/message:opacity-100 aria-expanded:opacity-100 pointer-coarse:opacity-60"
        >
          <MoreIcon size={18} />
        </IconButton>
      }
    >
      {writable && (
        <MenuRow label={t("reaction.add")}>
          {EMOJIS.map((emoji) => (
            <MenuItem
              key={emoji}
              label={t("reaction.with", { emoji })}
              onSelect={() => actions.react(message, emoji, !mine.has(emoji))}
              className="size-10 justify-center px-0! text-lg"
            >
              <span aria-hidden="true">{emoji}</span>
            </MenuItem>
          ))}
        </MenuRow>
      )}
      {writable && (
        <MenuItem icon={<ReplyIcon size={18} />} onSelect={moveFocus(actions.reply)}>
          {t("message.replyTo")}
        </MenuItem>
      )}
      <MenuItem
        icon={<CopyIcon size={18} />}
        onSelect={() => void navigator.clipboard?.writeText(message.text)}
      >
        {t("message.copy")}
      </MenuItem>
      {own && writable && (
        <>
          <MenuItem icon={<EditIcon size={18} />} onSelect={moveFocus(actions.edit)}>
            {t("message.edit")}
          </MenuItem>
          <MenuItem danger icon={<DeleteIcon size={18} />} onSelect={moveFocus(actions.remove)}>
            {t("message.delete")}
          </MenuItem>
        </>
      )}
    </Menu>
  );
}
