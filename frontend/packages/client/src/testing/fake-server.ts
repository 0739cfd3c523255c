/** A server in memory for tests of pages: REST and socket, people, rooms, notifications, invoices, and ways to break it. */

import type { RealtimeOptions } from "../core/realtime.ts";
import type { Logger, TokenStorage } from "../core/types.ts";
import { uuidv7 } from "../core/uuid.ts";
import { DisconnectCode, ErrorCode } from "../generated/codes.ts";
import { MemoryStorage, type OutboxStorage } from "../outbox/storage.ts";
import type {
  Invoice,
  InvoiceStatus,
  Me,
  Message,
  Notification,
  Payment,
  Position,
  Role,
  Room,
  RoomMember,
} from "../payloads.ts";
import { Closing, FakeSocket, Refusal, type SocketBackend, type Stream } from "./fake-socket.ts";

interface FakeRoom {
  readonly id: number;
  readonly kind: "direct" | "group";
  readonly title: string;
  readonly members: Map<number, RoomMember>;
  readonly messages: Message[];
}

type Answer = { readonly status: number; readonly body?: unknown };

const MOMENT = "2026-01-01T00:00:00Z";
const PAGE = 50;

export class FakeServer implements SocketBackend {
  readonly url = "ws://fake.test/ws";
  isUp = true;
  /** 0: no pings, so that an idle connection lasts for ever. */
  pingSeconds = 0;
  /** Every request as "METHOD /path?query", in order. */
  readonly requests: string[] = [];
  /** Every rpc that was carried out, in order. */
  readonly calls: { readonly userId: number; readonly method: string; readonly params: unknown }[] = [];
  readonly sockets = new Set<FakeSocket>();
  /** Every address that a socket was opened to. */
  readonly dialled: string[] = [];

  readonly #people = new Map<number, Me>();
  readonly #tokens = new Map<string, { readonly userId: number; expired: boolean }>();
  readonly #connectionTokens = new Map<
    string,
    { readonly userId: number; state: "good" | "expired" | "foreign" }
  >();
  readonly #rooms = new Map<number, FakeRoom>();
  readonly #notifications = new Map<number, Notification[]>();
  readonly #invoices = new Map<number, Invoice>();
  readonly #streams = new Map<string, Stream>();
  readonly #failures = new Map<string, Refusal[]>();
  readonly #lostReplies = new Map<string, number>();
  readonly #answers = new Map<string, Answer>();
  #lastId = 0;

  /** What a realtime needs to speak with this server as a browser that `token` is stored in. */
  options(token: string | null = null, extra: Partial<RealtimeOptions> = {}): RealtimeOptions {
    return {
      url: this.url,
      fetch: this.fetch,
      WebSocket: this.WebSocket,
      tokenStorage: memoryTokenStorage(token),
      outboxStorage: extra.outboxStorage ?? (new MemoryStorage() as OutboxStorage),
      logger: silentLogger,
      tabs: "",
      minReconnectDelayMs: 100,
      maxReconnectDelayMs: 1_000,
      ...extra,
    };
  }

  // People ---------------------------------------------------------------------------------------------------------

  addPerson(username: string, role: Role = "student"): Me {
    const person: Me = {
      id: this.#newId(),
      username,
      display_name: username.charAt(0).toUpperCase() + username.slice(1),
      role,
      language: "en",
      theme: "system",
    };
    this.#people.set(person.id, person);
    return person;
  }

  /** A sign-in token, as `/api/auth/login/` gives it (for the password "demo"). */
  tokenFor(userId: number): string {
    const token = `token-${userId}-${this.#newId()}`;
    this.#tokens.set(token, { userId, expired: false });
    return token;
  }

  /** From now on REST answers 401, and connection tokens bought with it are refused; open sockets are closed. */
  revoke(token: string): void {
    const userId = this.#tokens.get(token)?.userId;
    this.#tokens.delete(token);
    for (const [connectionToken, { userId: owner }] of this.#connectionTokens) {
      if (owner === userId) this.#connectionTokens.delete(connectionToken);
    }
    for (const socket of [...this.sockets]) {
      if (socket.userId === userId) socket.disconnect(DisconnectCode.InvalidToken, "signed out");
    }
  }

  expire(token: string): void {
    const found = this.#tokens.get(token);
    if (found !== undefined) found.expired = true;
  }

  /** Connection tokens issued so far have run out: error 109 at the next connect. */
  expireConnectionTokens(): void {
    for (const token of this.#connectionTokens.values()) token.state = "expired";
  }

  /** Connection tokens issued so far were signed with another key: disconnect 3500 at the next connect. */
  forgetConnectionTokens(): void {
    for (const token of this.#connectionTokens.values()) token.state = "foreign";
  }

  // Rooms ----------------------------------------------------------------------------------------------------------

  addRoom(memberIds: readonly number[], options: { kind?: "direct" | "group"; title?: string } = {}): number {
    const id = this.#newId();
    const members = new Map(memberIds.map((userId) => [userId, this.#member(userId)]));
    this.#rooms.set(id, {
      id,
      kind: options.kind ?? "direct",
      title: options.title ?? "",
      members,
      messages: [],
    });
    for (const userId of memberIds) {
      this.publish(`user:#${userId}`, { type: "room.added", at: MOMENT, room: this.roomFor(userId, id) });
    }
    return id;
  }

  removeMember(roomId: number, userId: number): void {
    this.#room(roomId).members.delete(userId);
    this.publish(`chat:${roomId}`, { type: "member.left", at: MOMENT, user_id: userId });
    this.publish(`user:#${userId}`, { type: "room.removed", at: MOMENT, room_id: roomId });
    for (const socket of this.sockets) {
      if (socket.userId !== userId) continue;
      for (const channel of [`chat:${roomId}`, `typing:${roomId}`]) {
        if (!socket.channels.delete(channel)) continue;
        socket.push({ push: { channel, unsubscribe: { code: 2000, reason: "server unsubscribe" } } });
      }
    }
  }

  /** Somebody says something, as `chat.send` does it. */
  say(userId: number, roomId: number, text: string, clientId: string = uuidv7()): Message {
    const room = this.#room(roomId);
    const known = [...this.#rooms.values()]
      .flatMap(({ messages }) => messages)
      .find((message) => message.client_id === clientId && message.sender.id === userId);
    if (known !== undefined) return known;
    const { display_name } = this.#person(userId);
    const message: Message = {
      id: this.#newId(),
      room: roomId,
      seq: room.messages.length + 1,
      sender: { id: userId, display_name },
      client_id: clientId,
      text,
      created_at: new Date(Date.UTC(2026, 0, 1) + room.messages.length * 1_000).toISOString(),
      edited_at: null,
      deleted_at: null,
      reply_to: null,
      attachments: [],
      reactions: [],
    };
    room.messages.push(message);
    this.publish(`chat:${roomId}`, { type: "message.created", at: message.created_at, message });
    return message;
  }

  messagesOf(roomId: number): readonly Message[] {
    return this.#room(roomId).messages;
  }

  /** A room as one of its members sees it. */
  roomFor(userId: number, roomId: number): Room {
    const room = this.#room(roomId);
    const me = room.members.get(userId);
    if (me === undefined) throw new Refusal(ErrorCode.NotFound, "room not found");
    const channel = `chat:${roomId}`;
    return {
      id: room.id,
      kind: room.kind,
      title: room.title,
      owner_id: null,
      is_locked: false,
      created_at: MOMENT,
      channel,
      can_send: true,
      members: [...room.members.values()],
      last_message: room.messages.at(-1) ?? null,
      unread: this.#unread(room, me),
      last_read_seq: me.last_read_seq,
      position: this.position(channel),
    };
  }

  // Notifications and invoices -------------------------------------------------------------------------------------

  notify(userId: number, title: string, fields: Partial<Notification> = {}): Notification {
    const at = new Date(Date.UTC(2026, 0, 1) + this.#lastId * 1_000).toISOString();
    const notification: Notification = {
      id: this.#newId(),
      kind: "test",
      level: "info",
      title,
      body: "",
      link: "",
      data: {},
      count: 1,
      created_at: at,
      updated_at: at,
      seen_at: null,
      read_at: null,
      archived_at: null,
      ...fields,
    };
    this.#feed(userId).unshift(notification);
    const counts = this.#counts(userId);
    this.publish(`notifications:#${userId}`, { type: "notification.created", at, notification, counts });
    return notification;
  }

  addInvoice(issuerId: number, payerId: number, studentId: number, amountMinor = 150_000): Invoice {
    const invoice: Invoice = {
      id: this.#newId(),
      number: `2026-${this.#lastId}`,
      status: "open",
      display_status: "sent",
      amount_minor: amountMinor,
      currency: "RUB",
      paid_minor: 0,
      refunded_minor: 0,
      description: "Lessons",
      due_date: "2026-02-01",
      issuer: this.#person(issuerId),
      payer: this.#person(payerId),
      student: this.#person(studentId),
      created_at: MOMENT,
      sent_at: MOMENT,
      first_viewed_at: null,
      paid_at: null,
      overdue_since: null,
      payment: null,
      history: [],
    };
    this.#invoices.set(invoice.id, invoice);
    for (const userId of [issuerId, payerId]) {
      this.publish(`invoices:#${userId}`, { type: "invoice.created", at: MOMENT, invoice });
    }
    return invoice;
  }

  /** The provider's webhook has come: the invoice is paid. */
  pay(invoiceId: number): Invoice {
    const before = this.#invoice(invoiceId);
    const payment: Payment = {
      id: this.#newId(),
      invoice: invoiceId,
      provider: "sandbox",
      status: "succeeded",
      amount_minor: before.amount_minor,
      currency: before.currency,
      received_minor: before.amount_minor,
      refunded_minor: 0,
      created_at: MOMENT,
      finished_at: MOMENT,
      refunds: [],
    };
    const status: InvoiceStatus = "paid";
    const paid = before.amount_minor;
    const invoice: Invoice = {
      ...before,
      status,
      display_status: status,
      paid_minor: paid,
      paid_at: MOMENT,
      payment,
    };
    this.#invoices.set(invoiceId, invoice);
    for (const userId of [invoice.issuer.id, invoice.payer.id]) {
      const channel = `invoices:#${userId}`;
      const statuses = { old_status: before.status, new_status: status };
      this.publish(channel, { type: "invoice.changed", at: MOMENT, invoice, ...statuses });
      this.publish(channel, { type: "invoice.paid", at: MOMENT, invoice, payment });
    }
    return invoice;
  }

  // Breaking things ------------------------------------------------------------------------------------------------

  /** The process dies: sockets break, requests and new sockets fail, until `goUp`. Nothing stored is lost. */
  goDown(): void {
    this.isUp = false;
    for (const socket of [...this.sockets]) socket.sever();
  }

  goUp(): void {
    this.isUp = true;
  }

  /** Cuts all sockets: with a code as the server does it on purpose, without one as a broken network does. */
  drop(code?: number, reason = ""): void {
    for (const socket of [...this.sockets]) {
      if (code === undefined) socket.sever();
      else socket.disconnect(code, reason);
    }
  }

  /** The next call of `method` is carried out, but its reply never arrives: the connection breaks instead. */
  loseReplyTo(method: string, times = 1): void {
    this.#lostReplies.set(method, (this.#lostReplies.get(method) ?? 0) + times);
  }

  /** The next call of `method` fails without being carried out. */
  failNext(method: string, code: number, message: string, temporary = false): void {
    const queue = this.#failures.get(method) ?? [];
    queue.push(new Refusal(code, message, temporary));
    this.#failures.set(method, queue);
  }

  /** Requests to a path ("POST /api/realtime/token/") get this answer until `answerAgain`. */
  answerWith(request: string, answer: Answer): void {
    this.#answers.set(request, answer);
  }

  answerAgain(request: string): void {
    this.#answers.delete(request);
  }

  /** Forgets the log of a channel: who was away cannot resume and must load again. */
  prune(channel: string): void {
    const stream = this.streamOf(channel);
    if (stream !== null) stream.publications = [];
  }

  /** Publishes anything on a channel, logged where the channel is. */
  publish(channel: string, data: unknown): void {
    const stream = this.streamOf(channel);
    let publication: { data: unknown; offset?: number } = { data };
    if (stream !== null) {
      stream.top += 1;
      publication = { data, offset: stream.top };
      stream.publications.push({ data, offset: stream.top });
    }
    for (const socket of this.sockets) {
      if (socket.channels.has(channel)) socket.push({ push: { channel, pub: publication } });
    }
  }

  position(channel: string): Position {
    const stream = this.streamOf(channel);
    return { epoch: stream?.epoch ?? "", offset: stream?.top ?? 0 };
  }

  // As the socket's backend ----------------------------------------------------------------------------------------

  readonly WebSocket = this.#socketClass();

  userOf(token: string): number {
    const found = this.#connectionTokens.get(token);
    if (found === undefined || found.state === "foreign")
      throw new Closing(DisconnectCode.InvalidToken, "invalid token");
    if (found.state === "expired") throw new Refusal(ErrorCode.TokenExpired, "token expired");
    return found.userId;
  }

  personalChannels(userId: number): readonly string[] {
    return ["notifications", "invoices", "user"].map((namespace) => `${namespace}:#${userId}`);
  }

  streamOf(channel: string): Stream | null {
    if (channel.startsWith("typing:")) return null;
    let stream = this.#streams.get(channel);
    if (stream === undefined) {
      stream = { epoch: `epoch-${this.#streams.size + 1}`, top: 0, publications: [] };
      this.#streams.set(channel, stream);
    }
    return stream;
  }

  checkSubscribe(userId: number, channel: string): void {
    const roomId = Number(channel.split(":")[1]);
    if (!this.#rooms.get(roomId)?.members.has(userId))
      throw new Refusal(ErrorCode.PermissionDenied, "permission denied");
  }

  losesReply(method: string): boolean {
    const left = this.#lostReplies.get(method) ?? 0;
    if (left > 0) this.#lostReplies.set(method, left - 1);
    return left > 0;
  }

  register(socket: FakeSocket): void {
    this.sockets.add(socket);
  }

  unregister(socket: FakeSocket): void {
    this.sockets.delete(socket);
  }

  call(userId: number, method: string, params: unknown): unknown {
    const failure = this.#failures.get(method)?.shift();
    if (failure !== undefined) throw failure;
    this.calls.push({ userId, method, params });
    const procedure = this.#procedures[method];
    if (procedure === undefined) throw new Refusal(ErrorCode.MethodNotFound, "method not found");
    return procedure(userId, params as never);
  }

  readonly #procedures: Readonly<Record<string, (userId: number, params: never) => unknown>> = {
    ping: () => ({ at: MOMENT }),
    "chat.send": (userId, { room, text, client_id }: { room: number; text: string; client_id: string }) => {
      this.roomFor(userId, room);
      return { message: this.say(userId, room, text, client_id) };
    },
    "chat.edit": (userId, { id, text }: { id: number; text: string }) => {
      const message = this.#changeMessage(userId, id, (known) => ({ ...known, text, edited_at: MOMENT }));
      this.publish(`chat:${message.room}`, { type: "message.edited", at: MOMENT, message });
      return { message };
    },
    "chat.delete": (userId, { id }: { id: number }) => {
      const message = this.#changeMessage(userId, id, (known) => ({
        ...known,
        text: "",
        deleted_at: MOMENT,
      }));
      const { seq } = message;
      this.publish(`chat:${message.room}`, {
        type: "message.deleted",
        at: MOMENT,
        id,
        seq,
        deleted_at: MOMENT,
      });
      return { message };
    },
    "chat.react": (userId, { id, emoji, on }: { id: number; emoji: string; on: boolean }) => {
      const reactions = on ? [{ emoji, count: 1, user_ids: [userId] }] : [];
      const message = this.#changeMessage(null, id, (known) => ({ ...known, reactions }));
      const { seq } = message;
      this.publish(`chat:${message.room}`, {
        type: "reaction.changed",
        at: MOMENT,
        message_id: id,
        seq,
        reactions,
      });
      return { message_id: id, reactions };
    },
    "chat.read": (userId, { room: roomId, seq }: { room: number; seq: number }) => {
      const room = this.#room(roomId);
      const me = room.members.get(userId);
      if (me === undefined) throw new Refusal(ErrorCode.NotFound, "room not found");
      if (seq <= me.last_read_seq) return { seq: me.last_read_seq };
      const moved = { ...me, last_read_seq: Math.min(seq, room.messages.length) };
      room.members.set(userId, moved);
      const unread = this.#unread(room, moved);
      this.publish(`chat:${roomId}`, {
        type: "read.moved",
        at: MOMENT,
        user_id: userId,
        seq: moved.last_read_seq,
        unread,
      });
      return { seq: moved.last_read_seq };
    },
    "chat.typing": (userId, { room, typing }: { room: number; typing: boolean }) => {
      this.publish(`typing:${room}`, { type: "typing", at: MOMENT, user_id: userId, typing });
      return {};
    },
    "notifications.read": (userId, which: Which) => this.#mark(userId, which, ["read_at", "seen_at"]),
    "notifications.seen": (userId, which: Which) => this.#mark(userId, which, ["seen_at"]),
    "notifications.archive": (userId, which: Which) => this.#mark(userId, which, ["archived_at"]),
    "invoices.view": (_userId, { id }: { id: number }) => ({ invoice: this.#invoice(id) }),
  };

  // As the HTTP server ---------------------------------------------------------------------------------------------

  readonly fetch: typeof globalThis.fetch = async (input, init) => {
    const url = new URL(String(input), "http://fake.test");
    const method = init?.method ?? "GET";
    this.requests.push(`${method} ${url.pathname}${url.search}`);
    await Promise.resolve();
    if (init?.signal?.aborted === true) throw new DOMException("aborted", "AbortError");
    if (!this.isUp) throw new TypeError("Failed to fetch");
    const answer = this.#answers.get(`${method} ${url.pathname}`) ?? this.#respond(method, url, init);
    if (answer.status === 204) return new Response(null, { status: 204 });
    return new Response(JSON.stringify(answer.body ?? {}), {
      status: answer.status,
      headers: { "Content-Type": "application/json" },
    });
  };

  #respond(method: string, url: URL, init: RequestInit | undefined): Answer {
    const body = typeof init?.body === "string" ? (JSON.parse(init.body) as Record<string, unknown>) : {};
    if (url.pathname === "/api/auth/login/") return this.#login(String(body.username), String(body.password));
    const token = new Headers(init?.headers).get("Authorization")?.replace("Token ", "") ?? "";
    const known = this.#tokens.get(token);
    if (known === undefined) return refused(401, "token_revoked");
    if (known.expired) return refused(401, "token_expired");
    try {
      return this.#route(`${method} ${url.pathname}`, known.userId, token, url.searchParams);
    } catch (problem) {
      if (problem instanceof Refusal) return refused(404, "not_found");
      throw problem;
    }
  }

  #login(username: string, password: string): Answer {
    const person = [...this.#people.values()].find((known) => known.username === username);
    if (person === undefined || password !== "demo") return refused(401, "invalid_credentials");
    return { status: 200, body: { token: this.tokenFor(person.id), expires_at: null, user: person } };
  }

  #route(request: string, userId: number, token: string, query: URLSearchParams): Answer {
    const history = /^GET \/api\/chat\/rooms\/(\d+)\/messages\/$/.exec(request);
    if (history !== null) return { status: 200, body: this.#history(userId, Number(history[1]), query) };
    switch (request) {
      case "POST /api/realtime/token/":
        return { status: 200, body: { token: this.#connectionToken(userId), expires_at: null } };
      case "POST /api/auth/logout/":
      case "POST /api/auth/logout-all/":
        this.revoke(token);
        return { status: 204 };
      case "GET /api/auth/me/":
        return { status: 200, body: this.#person(userId) };
      case "GET /api/chat/rooms/": {
        const mine = [...this.#rooms.values()].filter(({ members }) => members.has(userId));
        return { status: 200, body: { results: mine.map(({ id }) => this.roomFor(userId, id)), next: null } };
      }
      case "GET /api/notifications/": {
        const channel = `notifications:#${userId}`;
        const results = this.#feed(userId).filter(({ archived_at }) => archived_at === null);
        const page = {
          results,
          next: null,
          ...this.#counts(userId),
          channel,
          position: this.position(channel),
        };
        return { status: 200, body: page };
      }
      case "GET /api/invoices/": {
        const channel = `invoices:#${userId}`;
        const mine = [...this.#invoices.values()].filter(
          ({ issuer, payer }) => issuer.id === userId || payer.id === userId,
        );
        return {
          status: 200,
          body: { results: mine.reverse(), next: null, channel, position: this.position(channel) },
        };
      }
      default:
        return refused(404, "not_found");
    }
  }

  #history(userId: number, roomId: number, query: URLSearchParams): unknown {
    const { position } = this.roomFor(userId, roomId);
    const before = Number(query.get("before") ?? Number.POSITIVE_INFINITY);
    const limit = Number(query.get("limit") ?? PAGE);
    const older = this.#room(roomId).messages.filter(({ seq }) => seq < before);
    const results = older.slice(-limit);
    return { results, next: older.length > limit ? String(results[0]?.seq) : null, position };
  }

  /** A JWT in shape only: the client reads `sub` from it, this server looks it up. */
  #connectionToken(userId: number): string {
    const token = `e30.${btoa(JSON.stringify({ sub: String(userId), jti: this.#newId() }))}.signature`;
    this.#connectionTokens.set(token, { userId, state: "good" });
    return token;
  }

  #mark(userId: number, which: Which, facts: readonly ("seen_at" | "read_at" | "archived_at")[]): unknown {
    const channel = `notifications:#${userId}`;
    const feed = this.#feed(userId);
    const changed: Notification[] = [];
    feed.forEach((known, index) => {
      const isMeant = "ids" in which ? which.ids.includes(known.id) : known.id <= which.up_to;
      if (!isMeant || facts.every((fact) => known[fact] !== null)) return;
      const stamped = { ...known, ...Object.fromEntries(facts.map((fact) => [fact, known[fact] ?? MOMENT])) };
      feed[index] = stamped;
      changed.push(stamped);
    });
    const counts = this.#counts(userId);
    for (const notification of changed) {
      this.publish(channel, { type: "notification.changed", at: MOMENT, notification, counts });
    }
    return counts;
  }

  #counts(userId: number): { unseen: number; unread: number } {
    const feed = this.#feed(userId).filter(({ archived_at }) => archived_at === null);
    return {
      unseen: feed.filter(({ seen_at }) => seen_at === null).length,
      unread: feed.filter(({ read_at }) => read_at === null).length,
    };
  }

  #changeMessage(userId: number | null, id: number, change: (known: Message) => Message): Message {
    for (const { messages } of this.#rooms.values()) {
      const index = messages.findIndex((message) => message.id === id);
      const known = messages[index];
      if (known === undefined) continue;
      if (userId !== null && known.sender.id !== userId)
        throw new Refusal(ErrorCode.PermissionDenied, "not yours");
      messages[index] = change(known);
      return change(known);
    }
    throw new Refusal(ErrorCode.NotFound, "message not found");
  }

  #unread({ messages }: FakeRoom, { id, last_read_seq }: RoomMember): number {
    return messages.filter(({ seq, sender }) => seq > last_read_seq && sender.id !== id).length;
  }

  #member(userId: number): RoomMember {
    const { id, display_name, role } = this.#person(userId);
    return { id, display_name, role, joined_at: MOMENT, last_read_seq: 0 };
  }

  #feed(userId: number): Notification[] {
    const feed = this.#notifications.get(userId) ?? [];
    this.#notifications.set(userId, feed);
    return feed;
  }

  #person(userId: number): Me {
    return found(this.#people.get(userId), "person");
  }

  #room(roomId: number): FakeRoom {
    return found(this.#rooms.get(roomId), "room");
  }

  #invoice(invoiceId: number): Invoice {
    return found(this.#invoices.get(invoiceId), "invoice");
  }

  #newId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  #socketClass(): typeof globalThis.WebSocket {
    const server = this;
    class Socket extends FakeSocket {
      constructor(url: string) {
        super(url, server);
        server.dialled.push(url);
      }
    }
    // A stand-in: it has what the client library and this package use of a WebSocket.
    return Socket as unknown as typeof globalThis.WebSocket;
  }
}

type Which = { readonly ids: readonly number[] } | { readonly up_to: number };

function found<T>(thing: T | undefined, what: string): T {
  if (thing === undefined) throw new Refusal(ErrorCode.NotFound, `${what} not found`);
  return thing;
}

function refused(status: number, code: string): Answer {
  return { status, body: { error: { code, message: code, fields: {} } } };
}

/** A browser's storage for one test. */
export function memoryTokenStorage(token: string | null = null): TokenStorage {
  let stored = token;
  return {
    get: () => stored,
    set: (next) => {
      stored = next;
    },
    clear: () => {
      stored = null;
    },
  };
}

export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
