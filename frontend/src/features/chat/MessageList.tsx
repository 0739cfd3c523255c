import type { Message, RoomSnapshot } from "@vestnik/client";
import { type KeyboardEvent, useCallback, useLayoutEffect, useMemo, useRef, useState } from "react";
import { Virtualizer, type VirtualizerHandle } from "virtua";
import { useText } from "../../i18n/useText";
import { classes } from "../../ui/classes";
import { DownIcon } from "../../ui/icons";
import { type MessageActions, MessageRow } from "./MessageRow";
import type { DeliveryState } from "./MessageState";
import { type PendingActions, PendingRow } from "./PendingRow";
import { DaySeparator, UnreadSeparator } from "./Separators";
import { buildTimeline, countAfter, type Row } from "./timeline";
import { useReadPointer } from "./useReadPointer";

/** New messages scroll the list only if its end is at most this far below the fold. */
const NEAR_END_PX = 120;
/** Older messages are fetched before the reader reaches the top. */
const FETCH_BEFORE_TOP_PX = 600;
/** The space below the last message. */
const BELOW_LAST_PX = 12;
/** So much unread is fetched at once to open at its beginning; a longer absence starts in the middle. */
const MAX_UNREAD_TO_LOAD = 200;

interface MessageListProps {
  snapshot: RoomSnapshot;
  userId: number | null;
  writable: boolean;
  actions: Omit<MessageActions, "show">;
  pendingActions: PendingActions;
  loadOlder: () => void;
  markRead: (seq: number) => void;
}

export function MessageList(props: MessageListProps) {
  const { snapshot, userId, writable, actions, pendingActions, loadOlder, markRead } = props;
  const { messages, pending, hasOlder, loadingOlder, lastReadSeq, read, room } = snapshot;
  const { t } = useText();

  // The line above the unread stays where it was when the room was opened, while the read pointer moves on.
  const [unread] = useState({ after: lastReadSeq, upTo: snapshot.lastSeq });
  const rows = useMemo(
    () => buildTimeline({ messages, pending, userId, unread }),
    [messages, pending, userId, unread],
  );
  const byId = useMemo(() => new Map(messages.map((message) => [message.id, message])), [messages]);
  const readers = useMemo(() => readersOf(read, userId), [read, userId]);

  const list = useRef<VirtualizerHandle>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const latest = useRef({ rows, hasOlder, loadingOlder, loadOlder });
  latest.current = { rows, hasOlder, loadingOlder, loadOlder };
  const placed = useRef(false);
  const atEnd = useRef(true);
  /** Where the list was scrolled to at the last look. */
  const seenAt = useRef(0);
  const [shownSeq, setShownSeq] = useState(0);
  const [away, setAway] = useState(false);
  const [focusedKey, setFocusedKey] = useState<string | null>(null);

  // A list that is mounted anew (React does so on purpose in development) has to be placed anew.
  useLayoutEffect(() => {
    return () => {
      placed.current = false;
    };
  }, []);

  const look = useCallback(() => {
    const handle = list.current;
    if (!handle || !placed.current) return;
    const bottom = handle.scrollOffset + handle.viewportSize;
    // Only somebody who scrolls up leaves the end: rows that turn out taller than expected move it away too.
    if (handle.scrollSize - bottom < NEAR_END_PX) atEnd.current = true;
    else if (handle.scrollOffset < seenAt.current) atEnd.current = false;
    seenAt.current = handle.scrollOffset;
    setAway(!atEnd.current);
    const seq = lastSeqUpTo(latest.current.rows, handle.findItemIndex(Math.max(0, bottom - 8)));
    setShownSeq((before) => Math.max(before, seq));
    const { hasOlder: more, loadingOlder: busy, loadOlder: load } = latest.current;
    if (more && !busy && handle.scrollOffset < FETCH_BEFORE_TOP_PX) load();
  }, []);

  const toEnd = useCallback(() => {
    // Past the last row, so that the space below it is seen too; the browser stops at the end by itself.
    list.current?.scrollToIndex(latest.current.rows.length - 1, { align: "end", offset: BELOW_LAST_PX });
  }, []);

  // Open at the first unread message, once all of the unread is here (or too much of it to wait for).
  const firstSeq = messages[0]?.seq ?? 0;
  const missing =
    hasOlder && firstSeq > lastReadSeq + 1 && snapshot.lastSeq - lastReadSeq <= MAX_UNREAD_TO_LOAD;
  useLayoutEffect(() => {
    if (placed.current || rows.length === 0) return;
    if (missing) {
      latest.current.loadOlder();
      return;
    }
    placed.current = true;
    const line = rows.findIndex((row) => row.type === "unread");
    atEnd.current = line < 0;
    if (line >= 0) list.current?.scrollToIndex(line, { align: "start", offset: -16 });
    else toEnd();
    // The rows are measured after this frame; what is in sight is known only then.
    requestAnimationFrame(look);
  }, [rows, missing, toEnd, look]);

  // Follow the end if the reader is there, and always follow what this person has just sent.
  const last = rows[rows.length - 1];
  const lastKey = last?.key;
  const lastIsOwn = last?.type === "pending";
  const followed = useRef(lastKey);
  useLayoutEffect(() => {
    if (!placed.current || followed.current === lastKey) return;
    followed.current = lastKey;
    if (atEnd.current || lastIsOwn) toEnd();
    requestAnimationFrame(look);
  }, [lastKey, lastIsOwn, toEnd, look]);

  const onResize = useCallback(() => {
    if (atEnd.current && placed.current) toEnd();
    look();
  }, [toEnd, look]);

  useReadPointer(shownSeq, lastReadSeq, markRead);

  // Only what was put in front counts as a shift; virtua then keeps the place from the end.
  const previousFirst = useRef(firstSeq);
  const shift = firstSeq < previousFirst.current;
  useLayoutEffect(() => {
    previousFirst.current = firstSeq;
  }, [firstSeq]);

  const focusRow = useCallback((index: number) => {
    const row = latest.current.rows[index];
    if (!row) return;
    setFocusedKey(row.key);
    list.current?.scrollToIndex(index, { align: "nearest" });
    requestAnimationFrame(() =>
      document
        .querySelector<HTMLElement>(`[data-row="${CSS.escape(row.key)}"]`)
        ?.focus({ preventScroll: true }),
    );
  }, []);

  const show = useCallback(
    (messageId: number) => {
      const index = latest.current.rows.findIndex(
        (row) => row.type === "message" && row.message.id === messageId,
      );
      if (index >= 0) focusRow(index);
    },
    [focusRow],
  );
  const allActions = useMemo(() => ({ ...actions, show }), [actions, show]);

  // One message is a stop for Tab, the latest at first; the arrow keys move between messages.
  const stopKey = rows.some((row) => row.key === focusedKey) ? focusedKey : lastKey;
  const stopIndex = rows.findIndex((row) => row.key === stopKey);
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    if (!(event.target instanceof HTMLElement) || !event.target.dataset.row) return;
    const step = { ArrowUp: -1, ArrowDown: 1, Home: -rows.length, End: rows.length }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = step < 0 ? previousMessage(rows, stopIndex + step) : nextMessage(rows, stopIndex + step);
    if (next !== null) focusRow(next);
  };

  const isGroup = room?.kind === "group";
  const waiting = countAfter(messages, shownSeq, userId);
  return (
    <div className="relative min-h-0 flex-1">
      <div
        ref={scroller}
        role="log"
        aria-live="off"
        aria-label={t("chat.messages")}
        aria-busy={loadingOlder}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a list that scrolls must be reachable by keyboard
        tabIndex={0}
        onKeyDown={onKeyDown}
        className="flex h-full flex-col overflow-y-auto overscroll-contain outline-offset-[-2px] [overflow-anchor:none]"
      >
        <div className="grow" />
        <div className="mx-auto w-full max-w-4xl" style={{ paddingBottom: BELOW_LAST_PX }}>
          <Virtualizer
            ref={list}
            scrollRef={scroller}
            data={rows}
            shift={shift}
            keepMounted={stopIndex >= 0 ? [stopIndex] : []}
            onScroll={look}
            onResize={onResize}
          >
            {(row) => {
              switch (row.type) {
                case "day":
                  return <DaySeparator key={row.key} at={row.at} />;
                case "unread":
                  return <UnreadSeparator key={row.key} count={row.count} />;
                case "pending":
                  return (
                    <PendingRow
                      key={row.key}
                      pending={row.pending}
                      startsGroup={row.startsGroup}
                      endsGroup={row.endsGroup}
                      tabStop={row.key === stopKey}
                      actions={pendingActions}
                    />
                  );
                case "message": {
                  const readBy = row.own ? readers.filter((seq) => seq >= row.message.seq).length : 0;
                  return (
                    <MessageRow
                      key={row.key}
                      message={row.message}
                      own={row.own}
                      userId={userId}
                      startsGroup={row.startsGroup}
                      endsGroup={row.endsGroup}
                      withNames={isGroup}
                      state={stateOf(readBy)}
                      readBy={isGroup ? readBy : undefined}
                      repliedTo={row.message.reply_to === null ? undefined : byId.get(row.message.reply_to)}
                      writable={writable}
                      tabStop={row.key === stopKey}
                      actions={allActions}
                    />
                  );
                }
              }
            }}
          </Virtualizer>
        </div>
      </div>
      {away && (
        <button
          type="button"
          data-testid="jump-to-latest"
          onClick={toEnd}
          className={classes(
            "animate-rise absolute right-4 bottom-4 inline-flex min-h-11 items-center gap-2 rounded-full border border-line bg-raised px-4 font-medium shadow-float",
            waiting > 0 ? "text-accent" : "text-ink-soft",
          )}
        >
          <DownIcon size={18} />
          {t("chat.jump", { count: waiting })}
        </button>
      )}
    </div>
  );
}

function stateOf(readBy: number): DeliveryState {
  return readBy > 0 ? "read" : "stored";
}

/** The read pointers of the others. */
function readersOf(read: RoomSnapshot["read"], userId: number | null): number[] {
  return Object.entries(read)
    .filter(([id]) => Number(id) !== userId)
    .map(([, seq]) => seq);
}

function lastSeqUpTo(rows: readonly Row[], index: number): number {
  for (let at = Math.min(index, rows.length - 1); at >= 0; at -= 1) {
    const row = rows[at];
    if (row?.type === "message") return (row.message satisfies Message).seq;
  }
  return 0;
}

function previousMessage(rows: readonly Row[], from: number): number | null {
  for (let at = Math.max(from, 0); at >= 0; at -= 1) if (isMessage(rows[at])) return at;
  return rows.findIndex(isMessage);
}

function nextMessage(rows: readonly Row[], from: number): number | null {
  for (let at = Math.min(from, rows.length - 1); at < rows.length; at += 1)
    if (isMessage(rows[at])) return at;
  return null;
}

function isMessage(row: Row | undefined): boolean {
  return row?.type === "message" || row?.type === "pending";
}
