/** The server's end of a socket: enough of the Centrifuge protocol (JSON, v2) for the client library to be content. */

import { ErrorCode } from "../generated/codes.ts";
import type { Position } from "../payloads.ts";

export interface Stream {
  epoch: string;
  top: number;
  /** Those that can still be replayed. */
  publications: { readonly offset: number; readonly data: unknown }[];
}

/** A refusal as the protocol tells it. */
export class Refusal extends Error {
  readonly code: number;
  readonly temporary: boolean;

  constructor(code: number, message: string, temporary = false) {
    super(message);
    this.code = code;
    this.temporary = temporary;
  }
}

/** What a socket needs of the server behind it. */
export interface SocketBackend {
  readonly isUp: boolean;
  readonly pingSeconds: number;
  /** The user of a connection token; throws `Refusal`, or `Closing` for a token that is not one of ours. */
  userOf(token: string): number;
  personalChannels(userId: number): readonly string[];
  streamOf(channel: string): Stream | null;
  /** Throws `Refusal` for somebody who may not. */
  checkSubscribe(userId: number, channel: string): void;
  call(userId: number, method: string, params: unknown): unknown;
  /** Whether the reply to this call gets lost together with the connection. */
  losesReply(method: string): boolean;
  register(socket: FakeSocket): void;
  unregister(socket: FakeSocket): void;
}

/** Ends the connection with a code. */
export class Closing extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

interface Command {
  readonly id?: number;
  readonly connect?: { token?: string; subs?: Record<string, SubscribeRequest> };
  readonly subscribe?: SubscribeRequest & { channel: string };
  readonly unsubscribe?: { channel: string };
  readonly presence?: { channel: string };
  readonly refresh?: { token: string };
  readonly rpc?: { method: string; data: unknown };
}

interface SubscribeRequest {
  readonly recover?: boolean;
  readonly offset?: number;
  readonly epoch?: string;
}

let nextClient = 1;

/** Promises settle between two events of a browser's socket; so many turns stand for that. */
const TURNS = 8;

/** Stands in for `WebSocket`; frames pass by promises alone, so that a test needs no timers to see them arrive. */
export class FakeSocket extends EventTarget {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;

  readonly url: string;
  readonly client = `client-${nextClient++}`;
  readyState = FakeSocket.CONNECTING;
  binaryType = "blob";
  onopen: ((event: Event) => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: ((event: Event) => void) | null = null;

  userId: number | null = null;
  readonly channels = new Set<string>();
  readonly #backend: SocketBackend;
  #lastEvent: Promise<void> = Promise.resolve();

  constructor(url: string, backend: SocketBackend) {
    super();
    this.url = url;
    this.#backend = backend;
    this.#later(() => this.#open());
  }

  send(text: string): void {
    for (const line of text.split("\n")) {
      this.#later(() => {
        if (this.readyState === FakeSocket.OPEN) this.#receive(JSON.parse(line) as Command);
      });
    }
  }

  close(): void {
    this.#end(1000, "");
  }

  /** As Daphne does it: a `disconnect` push first, then a close that has lost its code's reason. */
  disconnect(code: number, reason: string): void {
    this.push({ push: { disconnect: { code, reason } } });
    this.sever(code);
  }

  /** The network is gone, or the process behind it. */
  sever(code = 1006): void {
    this.#end(code, "");
  }

  push(reply: unknown): void {
    const data = JSON.stringify(reply);
    this.#later(() => {
      if (this.readyState === FakeSocket.OPEN || this.readyState === FakeSocket.CLOSING)
        this.onmessage?.({ data });
    });
  }

  #open(): void {
    if (this.readyState !== FakeSocket.CONNECTING) return;
    if (!this.#backend.isUp) {
      this.onerror?.(new Event("error"));
      this.#end(1006, "");
      return;
    }
    this.readyState = FakeSocket.OPEN;
    this.#backend.register(this);
    this.onopen?.(new Event("open"));
  }

  #end(code: number, reason: string): void {
    if (this.readyState >= FakeSocket.CLOSING) return;
    this.readyState = FakeSocket.CLOSING;
    this.#backend.unregister(this);
    this.#later(() => {
      this.readyState = FakeSocket.CLOSED;
      this.onclose?.({ code, reason });
    });
  }

  /** After everything that came before, and what that set in motion. */
  #later(happen: () => void): void {
    this.#lastEvent = this.#lastEvent.then(async () => {
      for (let turn = 0; turn < TURNS; turn += 1) await Promise.resolve();
      happen();
    });
  }

  #receive(command: Command): void {
    const { id } = command;
    if (id === undefined) return;
    try {
      const result = this.#carryOut(command);
      if (command.rpc !== undefined && this.#backend.losesReply(command.rpc.method)) {
        this.sever();
        return;
      }
      this.push({ id, ...result });
    } catch (problem) {
      if (problem instanceof Closing) this.disconnect(problem.code, problem.message);
      else if (problem instanceof Refusal) {
        const { code, message, temporary } = problem;
        this.push({ id, error: { code, message, ...(temporary ? { temporary } : {}) } });
      } else throw problem;
    }
  }

  #carryOut(command: Command): Record<string, unknown> {
    if (command.connect !== undefined) return { connect: this.#connect(command.connect) };
    if (this.userId === null) throw new Closing(3501, "commands before connect");
    if (command.subscribe !== undefined) {
      const { channel } = command.subscribe;
      this.#backend.checkSubscribe(this.userId, channel);
      this.channels.add(channel);
      return { subscribe: this.#subscription(channel, command.subscribe) };
    }
    if (command.unsubscribe !== undefined) {
      this.channels.delete(command.unsubscribe.channel);
      return { unsubscribe: {} };
    }
    if (command.presence !== undefined) return { presence: { presence: {} } };
    if (command.refresh !== undefined) return { refresh: { client: this.client } };
    if (command.rpc !== undefined) {
      return { rpc: { data: this.#backend.call(this.userId, command.rpc.method, command.rpc.data) } };
    }
    throw new Refusal(ErrorCode.NotAvailable, "not available");
  }

  #connect({ token = "", subs = {} }: NonNullable<Command["connect"]>): unknown {
    const userId = this.#backend.userOf(token);
    this.userId = userId;
    const { pingSeconds } = this.#backend;
    const channels = this.#backend.personalChannels(userId);
    for (const channel of channels) this.channels.add(channel);
    return {
      client: this.client,
      version: "fake",
      ...(pingSeconds > 0 ? { ping: pingSeconds, pong: true } : {}),
      subs: Object.fromEntries(
        channels.map((channel) => [channel, this.#subscription(channel, subs[channel] ?? {})]),
      ),
    };
  }

  #subscription(channel: string, request: SubscribeRequest): unknown {
    const stream = this.#backend.streamOf(channel);
    if (stream === null) return {};
    const result = { recoverable: true, positioned: true, epoch: stream.epoch };
    if (request.recover !== true) return { ...result, offset: stream.top };
    const since: Position = { epoch: request.epoch ?? "", offset: request.offset ?? 0 };
    const missed = stream.publications.filter(({ offset }) => offset > since.offset);
    const isCovered = since.epoch === stream.epoch && since.offset + missed.length === stream.top;
    if (!isCovered) return { ...result, offset: stream.top, was_recovering: true };
    return { ...result, offset: since.offset, was_recovering: true, recovered: true, publications: missed };
  }
}
