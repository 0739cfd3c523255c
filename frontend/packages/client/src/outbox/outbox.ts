/** What was written and is not on the server yet: kept, sent in order per room, each message once. */

import type { Channels } from "../core/channels.ts";
import { InvalidArgumentError, RealtimeError } from "../core/errors.ts";
import type { OutboxView } from "../core/interfaces.ts";
import { Listeners, Observable } from "../core/observable.ts";
import type { Tabs } from "../core/tabs.ts";
import type {
  Clock,
  ConnectionSnapshot,
  Logger,
  PendingMessage,
  ReadableStore,
  SendOptions,
  Unsubscribe,
} from "../core/types.ts";
import { uuidv7 } from "../core/uuid.ts";
import { ErrorCode } from "../generated/codes.ts";
import type { ChatEvent, Message, Procedures } from "../payloads.ts";
import { type SendingLock, sendingLock } from "./lock.ts";
import type { OutboxEntry, OutboxStorage } from "./storage.ts";

/** Characters in a message, as the server counts them (code points). */
export const MAX_TEXT = 10_000;
/** Messages waiting per user: more than anybody types in an outage, few enough to send within half a minute. */
export const MAX_WAITING = 500;

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;

export class OutboxFullError extends Error {
  constructor() {
    super(`${MAX_WAITING} messages are waiting already: wait for the connection, or discard some`);
    this.name = "OutboxFullError";
  }
}

export interface OutboxOptions {
  readonly identity: ReadableStore<number | null>;
  readonly connection: ReadableStore<ConnectionSnapshot>;
  readonly send: (message: Procedures["chat.send"]["params"]) => Promise<Message>;
  readonly storage: OutboxStorage;
  readonly lock?: SendingLock;
  readonly tabs: Tabs;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class Outbox implements OutboxView {
  readonly #options: OutboxOptions;
  readonly #lock: SendingLock;
  readonly #pending = new Observable<readonly PendingMessage[]>([]);
  readonly #stops: Unsubscribe[];
  /** What this tab is sending, and what other tabs said they are. */
  readonly #sending = new Set<string>();
  #sendingElsewhere: ReadonlySet<string> = new Set();
  /** On their way into the storage. */
  readonly #unsaved = new Map<string, OutboxEntry>();
  #draining = false;
  #again = false;
  #retry: { timer: unknown; attempt: number } = { timer: null, attempt: 0 };
  #closed = false;
  /** Each message that reached the server, from the reply to this tab's own command. */
  readonly delivered = new Listeners<Message>();

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#lock = options.lock ?? sendingLock(options.clock);
    this.#stops = [
      options.identity.subscribe(() => this.#wakeUp()),
      options.connection.subscribe(() => {
        if (this.#canSend()) this.#wakeUp();
      }),
      options.tabs.listen((message) => {
        if (message.type !== "outbox" || message.userId !== this.#userId) return;
        this.#sendingElsewhere = new Set(message.sending);
        this.#wakeUp();
      }),
    ];
    this.#wakeUp();
  }

  readonly subscribe = (listener: () => void): Unsubscribe => this.#pending.subscribe(listener);

  readonly getSnapshot = (): readonly PendingMessage[] => this.#pending.getSnapshot();

  get durable(): boolean {
    return this.#options.storage.durable;
  }

  get #userId(): number | null {
    return this.#options.identity.getSnapshot();
  }

  /**
   * Keeps a message and sends it as soon as that is possible. Resolves with its `client_id` once it is kept, long before
   * it is sent.
   *
   * Raises: InvalidArgumentError for an empty or too long text, OutboxFullError, RealtimeError 101 when nobody is signed in.
   */
  async add(roomId: number, text: string, options: SendOptions = {}): Promise<string> {
    const attachmentIds = options.attachmentIds ?? [];
    checkText(text, attachmentIds.length > 0);
    if (!Number.isInteger(roomId) || roomId < 1)
      throw new InvalidArgumentError("roomId", "must be a room's id");
    const userId = this.#userId;
    if (userId === null) throw new RealtimeError(ErrorCode.Unauthorized, "it is not known who is signed in");
    if (this.getSnapshot().length >= MAX_WAITING) throw new OutboxFullError();
    const createdAt = this.#options.clock.now();
    const clientId = uuidv7(createdAt);
    const entry: OutboxEntry = {
      clientId,
      userId,
      roomId,
      text,
      replyTo: options.replyTo ?? null,
      attachmentIds,
      createdAt,
      attempts: 0,
      error: null,
    };
    // Shown at once; the disk may take a moment.
    this.#unsaved.set(clientId, entry);
    this.#pending.set([...this.getSnapshot(), this.#shown(entry)]);
    try {
      await this.#options.storage.put(entry);
    } finally {
      this.#unsaved.delete(clientId);
      this.#changed();
    }
    return clientId;
  }

  readonly retry = async (clientId: string): Promise<void> => {
    const entry = await this.#editable(clientId);
    await this.#options.storage.put({ ...entry, error: null });
    this.#changed();
  };

  readonly edit = async (clientId: string, text: string): Promise<void> => {
    const entry = await this.#editable(clientId);
    checkText(text, entry.attachmentIds.length > 0);
    // The same client_id: were the first text stored after all, a second message beside it would be worse.
    await this.#options.storage.put({ ...entry, text, error: null });
    this.#changed();
  };

  readonly discard = async (clientId: string): Promise<void> => {
    const entry = await this.#editable(clientId);
    await this.#options.storage.delete(entry.clientId);
    this.#changed();
  };

  /** Removes what the server is seen to have: the echo of a message may come before, or instead of, its reply. */
  async confirm(message: Pick<Message, "client_id">): Promise<void> {
    const clientId = message.client_id;
    if (!this.getSnapshot().some((pending) => pending.clientId === clientId)) return;
    this.#pending.set(this.getSnapshot().filter((pending) => pending.clientId !== clientId));
    await this.#options.storage.delete(clientId);
    this.#changed();
  }

  /** Confirms by what arrives on chat channels. */
  watch(channels: Channels): void {
    this.#stops.push(
      channels.publications.add(({ data }) => {
        const event = data as ChatEvent;
        if (event?.type === "message.created" && event.message.sender.id === this.#userId)
          void this.confirm(event.message);
      }),
    );
  }

  close(): void {
    this.#closed = true;
    this.#options.clock.clearTimeout(this.#retry.timer);
    for (const stop of this.#stops.splice(0)) stop();
  }

  async #editable(clientId: string): Promise<OutboxEntry> {
    const entry = await this.#options.storage.get(clientId);
    if (entry === undefined || entry.userId !== this.#userId) {
      throw new InvalidArgumentError("clientId", "no such message is waiting: it was sent or discarded");
    }
    if (this.#sending.has(clientId) || this.#sendingElsewhere.has(clientId)) {
      throw new InvalidArgumentError("clientId", "the message is being sent at this moment");
    }
    return entry;
  }

  #canSend(): boolean {
    return (
      !this.#closed && this.#options.connection.getSnapshot().state === "online" && this.#userId !== null
    );
  }

  #changed(): void {
    this.#tellTabs();
    this.#wakeUp();
  }

  #tellTabs(): void {
    const userId = this.#userId;
    if (userId !== null) this.#options.tabs.tell({ type: "outbox", userId, sending: [...this.#sending] });
  }

  /** Shows what is kept, and sends it if that is possible. */
  #wakeUp(): void {
    const onFailure = (error: unknown) => {
      this.#options.logger.error("[Outbox] storage failed", { reason: String(error) });
      this.#retryLater();
    };
    if (this.#draining) {
      // The running one may be waiting for another tab: what is shown does not wait with it.
      this.#again = true;
      this.#refresh().catch(onFailure);
      return;
    }
    this.#draining = true;
    this.#drain()
      .catch(onFailure)
      .finally(() => {
        this.#draining = false;
        if (this.#again && !this.#closed) {
          this.#again = false;
          this.#wakeUp();
        }
      });
  }

  async #drain(): Promise<void> {
    const entries = await this.#refresh();
    if (!this.#canSend() || !entries.some((entry) => entry.error === null)) return;
    await this.#lock.hold(`vestnik-outbox-${this.#userId}`, async () => {
      this.#sendingElsewhere = new Set();
      do {
        this.#again = false;
        // Read anew: while this tab waited for the lock, another one may have sent them.
        const rooms = byRoom(await this.#refresh());
        await Promise.all([...rooms.values()].map((room) => this.#sendRoom(room)));
      } while (this.#again && this.#canSend());
    });
  }

  /** One after the other, so that the server numbers them in the order in which they were written. */
  async #sendRoom(entries: readonly OutboxEntry[]): Promise<void> {
    for (const { clientId } of entries) {
      if (!this.#canSend()) return;
      // It may have been discarded, edited or confirmed since the list was read.
      const entry = await this.#options.storage.get(clientId);
      if (entry === undefined || entry.error !== null || entry.userId !== this.#userId) continue;
      if (!(await this.#sendOne(entry))) return;
    }
  }

  /** Whether the next message of the room may go. */
  async #sendOne(entry: OutboxEntry): Promise<boolean> {
    this.#mark(entry.clientId, true);
    try {
      const message = await this.#options.send(commandOf(entry));
      this.#retry.attempt = 0;
      await this.#options.storage.delete(entry.clientId);
      this.delivered.emit(message);
      return true;
    } catch (problem) {
      return await this.#failed(entry, RealtimeError.from(problem));
    } finally {
      this.#mark(entry.clientId, false);
      await this.#refresh();
    }
  }

  async #failed(entry: OutboxEntry, error: RealtimeError): Promise<boolean> {
    const { code, message } = error;
    const attempts = entry.attempts + 1;
    const { storage, logger } = this.#options;
    // Whether it was stored is unknown, or the server is unwell: the same client_id goes out again.
    const goesOutAgain = error.temporary || code === ErrorCode.Unauthorized;
    logger.warn(goesOutAgain ? "[Outbox] not sent yet" : "[Outbox] refused", {
      clientId: entry.clientId,
      room: entry.roomId,
      attempts,
      code,
      reason: message,
    });
    // Confirmed by its echo while the reply was lost: nothing is left to do.
    if ((await storage.get(entry.clientId)) === undefined) return true;
    await storage.put({ ...entry, attempts, error: goesOutAgain ? null : { code, message } });
    if (goesOutAgain) this.#retryLater();
    return !goesOutAgain;
  }

  /** Backs off with full jitter; coming online wakes it earlier. */
  #retryLater(): void {
    const { clock } = this.#options;
    if (this.#closed || this.#retry.timer !== null) return;
    const longest = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#retry.attempt);
    this.#retry.attempt += 1;
    this.#retry.timer = clock.setTimeout(
      () => {
        this.#retry.timer = null;
        this.#wakeUp();
      },
      FIRST_RETRY_MS / 2 + Math.random() * longest,
    );
  }

  #mark(clientId: string, sending: boolean): void {
    if (sending) this.#sending.add(clientId);
    else this.#sending.delete(clientId);
    this.#tellTabs();
    this.#pending.set(
      this.getSnapshot().map((pending) =>
        pending.clientId === clientId && sending ? { ...pending, state: "sending" } : pending,
      ),
    );
  }

  async #refresh(): Promise<readonly OutboxEntry[]> {
    const userId = this.#userId;
    const entries = userId === null ? [] : await this.#options.storage.entriesOf(userId);
    if (userId !== this.#userId) return [];
    const kept = new Set(entries.map((entry) => entry.clientId));
    const unsaved = [...this.#unsaved.values()].filter(
      (entry) => entry.userId === userId && !kept.has(entry.clientId),
    );
    const known = new Map(this.getSnapshot().map((pending) => [pending.clientId, pending]));
    const shown = [...entries, ...unsaved].map((entry) => {
      const now = this.#shown(entry);
      const before = known.get(entry.clientId);
      return before !== undefined && looksTheSame(before, now) ? before : now;
    });
    const current = this.getSnapshot();
    if (shown.length !== current.length || shown.some((pending, index) => pending !== current[index])) {
      this.#pending.set(shown);
    }
    return entries;
  }

  #shown(entry: OutboxEntry): PendingMessage {
    const isSending = this.#sending.has(entry.clientId) || this.#sendingElsewhere.has(entry.clientId);
    return { ...entry, state: entry.error !== null ? "failed" : isSending ? "sending" : "queued" };
  }
}

/** Entries come out of the storage as new objects each time; what a view shows of them is this. */
function looksTheSame(left: PendingMessage, right: PendingMessage): boolean {
  return (
    left.state === right.state &&
    left.text === right.text &&
    left.attempts === right.attempts &&
    left.error?.code === right.error?.code &&
    left.error?.message === right.error?.message
  );
}

function checkText(text: string, hasAttachments: boolean): void {
  if (text.trim() === "" && !hasAttachments) throw new InvalidArgumentError("text", "must not be empty");
  const length = [...text].length;
  if (length > MAX_TEXT)
    throw new InvalidArgumentError("text", `has ${length} characters, at most ${MAX_TEXT} are allowed`);
}

function byRoom(entries: readonly OutboxEntry[]): Map<number, OutboxEntry[]> {
  const rooms = new Map<number, OutboxEntry[]>();
  for (const entry of entries) {
    if (entry.error !== null) continue;
    const room = rooms.get(entry.roomId) ?? [];
    room.push(entry);
    rooms.set(entry.roomId, room);
  }
  return rooms;
}

function commandOf(entry: OutboxEntry): Procedures["chat.send"]["params"] {
  return {
    room: entry.roomId,
    client_id: entry.clientId,
    text: entry.text,
    ...(entry.replyTo === null ? {} : { reply_to: entry.replyTo }),
    ...(entry.attachmentIds.length === 0 ? {} : { attachment_ids: entry.attachmentIds }),
  };
}
