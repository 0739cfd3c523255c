import { type ClipboardEvent, type KeyboardEvent, type RefObject, useEffect, useState } from "react";
import { useText } from "../../i18n/useText";
import { IconButton } from "../../ui/Button";
import { classes } from "../../ui/classes";
import { CheckIcon, CloseIcon, EditIcon, ReplyIcon, SendIcon } from "../../ui/icons";
import { type Composing, MAX_LENGTH } from "./composing";
import { readDraft, writeDraft } from "./drafts";
import { useTypingSignal } from "./useTypingSignal";

interface ComposerProps {
  roomId: number;
  userId: number | null;
  composing: Composing;
  fieldRef: RefObject<HTMLTextAreaElement | null>;
  setTyping: (typing: boolean) => void;
  /** Sends or saves, as `composing` says. */
  onSubmit: (text: string) => void;
  onCancel: () => void;
  /** ↑ in an empty field. */
  onEditLast: () => void;
}

export function Composer(props: ComposerProps) {
  const { roomId, userId, composing, fieldRef, setTyping, onSubmit, onCancel, onEditLast } = props;
  const { t } = useText();
  const [text, setText] = useState(() => readDraft(userId, roomId));
  const { typed, stopped } = useTypingSignal(setTyping);
  const subject = subjectOf(composing);

  // Changing a message borrows the field; the draft comes back afterwards.
  useEffect(() => {
    setText(subject ?? readDraft(userId, roomId));
  }, [subject, userId, roomId]);

  const change = (value: string) => {
    setText(value);
    if (composing.type === "new") writeDraft(userId, roomId, value);
    if (value.trim() === "") stopped();
    else typed();
  };

  const tooLong = text.length > MAX_LENGTH;
  const submit = () => {
    const written = text.trim();
    if (written === "" || tooLong) return;
    stopped();
    if (composing.type === "new") {
      writeDraft(userId, roomId, "");
      setText("");
    }
    onSubmit(written);
    fieldRef.current?.focus();
  };

  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    // While an input method composes a word, Enter and the arrows belong to it.
    if (event.nativeEvent.isComposing || event.keyCode === 229) return;
    if (event.key === "Enter" && !event.shiftKey && !event.ctrlKey && !event.altKey && !event.metaKey) {
      event.preventDefault();
      submit();
    } else if (event.key === "Escape" && (composing.type !== "new" || composing.replyTo)) {
      event.preventDefault();
      onCancel();
    } else if (event.key === "ArrowUp" && text === "" && composing.type === "new") {
      event.preventDefault();
      onEditLast();
    }
  };

  return (
    <div className="border-t border-line bg-surface px-3 pt-2.5 pb-[calc(0.625rem+env(safe-area-inset-bottom))] md:px-6">
      <div className="mx-auto max-w-3xl">
        <ComposingNote composing={composing} onCancel={onCancel} />
        <form
          className="flex items-end gap-2"
          onSubmit={(event) => {
            event.preventDefault();
            submit();
          }}
        >
          <textarea
            ref={fieldRef}
            data-testid="composer"
            aria-label={t("composer.label")}
            aria-invalid={tooLong || undefined}
            aria-describedby={tooLong ? "composer-too-long" : undefined}
            placeholder={t("composer.placeholder")}
            rows={Math.min(8, text.split("\n").length)}
            enterKeyHint="send"
            value={text}
            onChange={(event) => change(event.target.value)}
            onKeyDown={onKeyDown}
            onBlur={stopped}
            onPaste={keepPlain}
            className={classes(
              "field-sizing-content max-h-52 min-h-11 flex-1 resize-none rounded-2xl border border-line-strong bg-paper px-4 py-2.5 leading-snug",
              "placeholder:text-ink-faint focus:border-accent focus:outline-2 focus:-outline-offset-1 focus:outline-accent",
            )}
          />
          <IconButton
            type="submit"
            data-testid="send"
            label={composing.type === "new" ? t("composer.send") : t("composer.save")}
            disabled={text.trim() === "" || tooLong}
            className="rounded-full! bg-accent text-on-accent hover:bg-accent-hover hover:text-on-accent"
          >
            {composing.type === "new" ? <SendIcon /> : <CheckIcon />}
          </IconButton>
        </form>
        {tooLong && (
          <p id="composer-too-long" role="alert" className="mt-1.5 text-sm text-danger">
            {t("composer.tooLong", { count: text.length - MAX_LENGTH })}
          </p>
        )}
      </div>
    </div>
  );
}

/** The text that is being changed, or null while something new is written. */
function subjectOf(composing: Composing): string | null {
  if (composing.type === "edit") return composing.message.text;
  if (composing.type === "edit-pending") return composing.pending.text;
  return null;
}

/** Windows line ends would be counted and stored twice. */
function keepPlain(event: ClipboardEvent<HTMLTextAreaElement>) {
  const pasted = event.clipboardData.getData("text/plain");
  if (!pasted.includes("\r")) return;
  event.preventDefault();
  document.execCommand("insertText", false, pasted.replace(/\r\n?/g, "\n"));
}

function ComposingNote({ composing, onCancel }: { composing: Composing; onCancel: () => void }) {
  const { t } = useText();
  if (composing.type === "new" && !composing.replyTo) return null;
  const replying = composing.type === "new" && composing.replyTo;
  const quoted = replying ? replying.text : (subjectOf(composing) ?? "");
  return (
    <div className="animate-rise mb-2 flex items-center gap-3 rounded-lg bg-accent-faint py-1 pl-3 text-sm">
      <span className="text-accent">{replying ? <ReplyIcon size={18} /> : <EditIcon size={18} />}</span>
      <div className="min-w-0 flex-1 border-l-2 border-accent pl-3">
        <p className="font-medium text-accent">
          {replying
            ? t("composer.replyingTo", { name: replying.sender.display_name })
            : t("composer.editing")}
        </p>
        <p className="truncate text-ink-soft">{quoted}</p>
      </div>
      <IconButton small label={t("common.cancel")} onClick={onCancel}>
        <CloseIcon size={16} />
      </IconButton>
    </div>
  );
}
