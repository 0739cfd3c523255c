/** One room: its history, live, joined with what this user wrote and the server does not have yet. */

import type { Channels } from "../core/channels.ts";
import { Observable } from "../core/observable.ts";
import type { RealtimeClient } from "../core/realtime.ts";
import { failureOf } from "../core/reasons.ts";
import type {
  FailureInfo,
  LoadStatus,
  PendingMessage,
  ReadableStore,
  RoomSnapshot,
  Unsubscribe,
} from "../core/types.ts";
import type { Outbox } from "../outbox/outbox.ts";
import type { ChatEvent, HistoryPage, Message, Room, TypingEvent } from "../payloads.ts";
import { FollowedChannel } from "./followed-channel.ts";
import { LiveStore } from "./live-store.ts";
import {
  EMPTY_LOG,
  leavesGap,
  logOfPage,
  type RoomLog,
  reduceRoom,
  withMessage,
  withOlder,
} from "./room-log.ts";
import type { RoomsStore } from "./rooms.ts";

const PAGE = 50;
/** The server's limit of one page. */
const LONGEST_PAGE = 100;
/** How much of what was scrolled back to is loaded again after a gap; beyond that it is fetched when scrolled to. */
const MAX_RELOADED_PAGES = 4;
/** Somebody who stops without saying so (closed the lid) is taken to have stopped. */
const TYPING_EXPIRES_MS = 5_000;

interface HistoryState {
  readonly status: LoadStatus;
  readonly error: FailureInfo | null;
  readonly gone: boolean;
  readonly live: boolean;
  readonly loadingOlder: boolean;
  readonly log: RoomLog;
  readonly typing: readonly number[];
  readonly present: readonly number[];
}

const EMPTY: HistoryState = {
  status: "idle",
  error: null,
  gone: false,
  live: false,
  loadingOlder: false,
  log: EMPTY_LOG,
  typing: [],
  present: [],
};

/** Follows the room's channels and keeps its history; see `RoomStore` for what is shown of it. */
class RoomHistory extends LiveStore<HistoryState> {
  readonly #roomId: number;
  readonly #channels: Channels;
  readonly #typingTimers = new Map<number, unknown>();
  readonly #clients = new Map<string, number>();
  readonly #onReloaded: (messages: readonly Message[]) => void;
  #followed: FollowedChannel<ChatEvent> | null = null;
  #stopTyping: Unsubscribe | null = null;

  constructor(realtime: RealtimeClient, roomId: number, onReloaded: (messages: readonly Message[]) => void) {
    super(realtime, EMPTY);
    this.#roomId = roomId;
    this.#channels = realtime.channels;
    this.#onReloaded = onReloaded;
  }

  get #channel(): string {
    return `chat:${this.#roomId}`;
  }

  get #path(): string {
    return `/api/chat/rooms/${this.#roomId}/messages/`;
  }

  /** A message that this tab knows to be stored: the reply to its own command may come before the echo. */
  store(message: Message): void {
    if (this.getSnapshot().status === "ready") this.#setLog(withMessage(this.getSnapshot().log, message));
  }

  applyLocally(event: ChatEvent): void {
    this.#setLog(reduceRoom(this.getSnapshot().log, event));
  }

  readonly loadOlder = async (): Promise<void> => {
    const { log, loadingOlder, status } = this.getSnapshot();
    const first = log.messages[0];
    if (loadingOlder || log.reachedStart || first === undefined || status !== "ready") return;
    this.state.patch({ loadingOlder: true });
    try {
      const page = await this.realtime.api.get<HistoryPage>(this.#path, { before: first.seq, limit: PAGE });
      const now = this.getSnapshot().log;
      // A reload may have replaced the history meanwhile.
      if (now.messages[0]?.seq === first.seq) this.#setLog(withOlder(now, page.results, page.next === null));
    } finally {
      this.state.patch({ loadingOlder: false });
    }
  };

  protected attach(): void {
    this.#followed ??= new FollowedChannel<ChatEvent>({
      channels: this.#channels,
      channel: this.#channel,
      apply: (event) => this.#apply(event),
      onGap: this.loadAgain,
      onLive: (live) => this.#setLive(live),
      onClosed: (code, reason) =>
        this.state.patch({ gone: true, live: false, error: { code, message: reason } }),
      onPresence: ({ client, userId, joined }) => {
        if (joined) this.#clients.set(client, userId);
        else this.#clients.delete(client);
        this.#showPresent();
      },
    });
    this.#followed.hold();
    this.#stopTyping ??= this.#channels.attach(`typing:${this.#roomId}`, {
      publication: ({ data }) => this.#typed(data as TypingEvent),
    });
  }

  protected detach(): void {
    this.#followed?.close();
    this.#followed = null;
    this.#stopTyping?.();
    this.#stopTyping = null;
    this.reset();
    this.state.patch({ live: false, typing: [], present: [], log: recent(this.getSnapshot().log) });
  }

  protected reset(): void {
    for (const timer of this.#typingTimers.values()) this.realtime.clock.clearTimeout(timer);
    this.#typingTimers.clear();
    this.#clients.clear();
  }

  protected async load(isCurrent: () => boolean): Promise<void> {
    try {
      const { log, position } = await this.#fetchHistory();
      if (!isCurrent()) return;
      const previous = this.getSnapshot().log;
      this.state.patch({ log, gone: false });
      this.#channels.batch(() => {
        this.#followed?.release(position);
        this.#channels.start(`typing:${this.#roomId}`, null);
      });
      this.#setLive(this.#channels.isLive(this.#channel));
      if (previous.contiguousSeq > 0)
        this.#onReloaded(log.messages.filter((message) => message.seq > previous.contiguousSeq));
    } catch (problem) {
      const { code } = failureOf(problem);
      if (isCurrent() && (code === 403 || code === 404)) this.state.patch({ gone: true, live: false });
      throw problem;
    }
  }

  /** The newest page, and as much before it as was loaded already, so that edits during a gap are not missed. */
  async #fetchHistory(): Promise<{ log: RoomLog; position: HistoryPage["position"] }> {
    const { api } = this.realtime;
    const { log: shown } = this.getSnapshot();
    const oldest = shown.messages[0]?.seq ?? Number.POSITIVE_INFINITY;
    const limit = shown.messages.length > PAGE ? LONGEST_PAGE : PAGE;
    const newest = await api.get<HistoryPage>(this.#path, { limit });
    let log = logOfPage(newest.results, newest.next === null);
    for (let page = 1; page < MAX_RELOADED_PAGES; page += 1) {
      const first = log.messages[0]?.seq ?? 0;
      if (log.reachedStart || first <= oldest) break;
      const older = await api.get<HistoryPage>(this.#path, { before: first, limit });
      log = withOlder(log, older.results, older.next === null);
    }
    return { log, position: newest.position };
  }

  #apply(event: ChatEvent): void {
    const { log } = this.getSnapshot();
    if (event.type === "message.created" && leavesGap(log, event.message)) {
      // Should not happen; if it does, the history is loaded again rather than shown with a hole.
      this.realtime.logger.warn("[ChatWebSocket] a message is missing, loading again", {
        room: this.#roomId,
        seq: event.message.seq,
      });
      this.loadAgain();
      return;
    }
    if (event.type === "message.created") this.#stoppedTyping(event.message.sender.id);
    if (event.type === "member.left" && event.user_id === this.realtime.identity.getSnapshot()) {
      this.state.patch({ gone: true });
    }
    this.#setLog(reduceRoom(log, event));
  }

  #setLog(log: RoomLog): void {
    this.state.patch({ log });
  }

  #setLive(live: boolean): void {
    this.state.patch({ live });
    if (!live) {
      this.#clients.clear();
      this.#showPresent();
      return;
    }
    void this.#channels.presentOn(this.#channel).then((clients) => {
      if (!this.getSnapshot().live) return;
      for (const [client, userId] of clients) this.#clients.set(client, userId);
      this.#showPresent();
    });
  }

  #showPresent(): void {
    const present = [...new Set(this.#clients.values())].sort((left, right) => left - right);
    if (present.join() !== this.getSnapshot().present.join()) this.state.patch({ present });
  }

  #typed(event: TypingEvent): void {
    if (event?.type !== "typing" || event.user_id === this.realtime.identity.getSnapshot()) return;
    if (!event.typing) {
      this.#stoppedTyping(event.user_id);
      return;
    }
    const { clock } = this.realtime;
    clock.clearTimeout(this.#typingTimers.get(event.user_id));
    this.#typingTimers.set(
      event.user_id,
      clock.setTimeout(() => this.#stoppedTyping(event.user_id), TYPING_EXPIRES_MS),
    );
    const { typing } = this.getSnapshot();
    if (!typing.includes(event.user_id)) this.state.patch({ typing: [...typing, event.user_id] });
  }

  #stoppedTyping(userId: number): void {
    this.realtime.clock.clearTimeout(this.#typingTimers.get(userId));
    if (!this.#typingTimers.delete(userId)) return;
    this.state.patch({ typing: this.getSnapshot().typing.filter((id) => id !== userId) });
  }
}

/** What a room that nobody looks at keeps in memory. */
function recent(log: RoomLog): RoomLog {
  return log.messages.length <= PAGE
    ? log
    : { ...log, messages: log.messages.slice(-PAGE), reachedStart: false };
}

/** The history, the room's entry of the list, and the outbox, as one snapshot. */
export class RoomStore implements ReadableStore<RoomSnapshot> {
  readonly roomId: number;
  readonly #history: RoomHistory;
  readonly #rooms: RoomsStore;
  readonly #outbox: Outbox;
  readonly #shown: Observable<RoomSnapshot>;

  constructor(
    realtime: RealtimeClient,
    rooms: RoomsStore,
    roomId: number,
    onReloaded: (messages: readonly Message[]) => void,
  ) {
    this.roomId = roomId;
    this.#rooms = rooms;
    this.#outbox = realtime.outbox;
    this.#history = new RoomHistory(realtime, roomId, onReloaded);
    this.#shown = new Observable(this.#compose());
    const refresh = () => this.#shown.set(this.#compose());
    this.#history.subscribe(refresh);
    rooms.subscribe(refresh);
    realtime.outbox.subscribe(refresh);
    realtime.outbox.delivered.add((message) => {
      if (message.room === roomId) this.#history.store(message);
    });
  }

  readonly subscribe = (listener: () => void): Unsubscribe => this.#shown.subscribe(listener);

  readonly getSnapshot = (): RoomSnapshot => this.#shown.getSnapshot();

  /** Keeps the room (and the list of rooms, which knows its members) loaded and live until the returned function is called. */
  readonly open = (): Unsubscribe => {
    const closeRooms = this.#rooms.open();
    const closeHistory = this.#history.open();
    return () => {
      closeHistory();
      closeRooms();
    };
  };

  /** Loads the page before the oldest loaded message. Rejects with `RequestError` when that fails. */
  readonly loadOlder = (): Promise<void> => this.#history.loadOlder();

  readonly refetch = (): Promise<void> => this.#history.refetch();

  /** Shows a change that a reply has confirmed, without waiting for its event. */
  applyLocally(event: ChatEvent): void {
    this.#history.applyLocally(event);
  }

  #compose(): RoomSnapshot {
    const { log, ...history } = this.#history.getSnapshot();
    const previous = this.#shown === undefined ? null : this.#shown.getSnapshot();
    const room = this.#rooms.room(this.roomId);
    const lastSeq = Math.max(log.messages.at(-1)?.seq ?? 0, room?.last_message?.seq ?? 0);
    const composed: RoomSnapshot = {
      roomId: this.roomId,
      status: history.status,
      gone: history.gone,
      error: history.error,
      messages: log.messages,
      pending: this.#pendingBeside(log.messages, previous),
      hasOlder: !log.reachedStart && log.messages.length > 0,
      loadingOlder: history.loadingOlder,
      room,
      members: room?.members ?? NO_MEMBERS,
      read: previous !== null && previous.room?.members === room?.members ? previous.read : pointersOf(room),
      lastReadSeq: room?.last_read_seq ?? 0,
      lastSeq,
      unread: room?.unread ?? 0,
      typing: history.typing,
      present: history.present,
      live: history.live,
    };
    return previous !== null && sameFields(previous, composed) ? previous : composed;
  }

  /** What waits for this room and is not among its messages: the echo replaces the pending message. */
  #pendingBeside(messages: readonly Message[], previous: RoomSnapshot | null): readonly PendingMessage[] {
    const waiting = this.#outbox.getSnapshot().filter((pending) => pending.roomId === this.roomId);
    if (waiting.length === 0) return NOTHING_PENDING;
    const stored = new Set(messages.slice(-waiting.length - PAGE).map((message) => message.client_id));
    const pending = waiting.filter(({ clientId }) => !stored.has(clientId));
    const shown = previous?.pending ?? NOTHING_PENDING;
    return pending.length === shown.length && pending.every((entry, index) => entry === shown[index])
      ? shown
      : pending;
  }
}

const NOTHING_PENDING: readonly PendingMessage[] = [];
const NO_MEMBERS: RoomSnapshot["members"] = [];

function pointersOf(room: Room | null): Readonly<Record<number, number>> {
  return Object.fromEntries((room?.members ?? []).map((member) => [member.id, member.last_read_seq]));
}

function sameFields(left: RoomSnapshot, right: RoomSnapshot): boolean {
  return (Object.keys(right) as (keyof RoomSnapshot)[]).every((key) => Object.is(left[key], right[key]));
}
