import { describe, expect, it, vi } from "vitest";
import { ChatWebSocketService } from "../src/services/chat.ts";
import { recordingLogger, settle, world } from "./support.ts";

async function service() {
  const made = world();
  const logger = recordingLogger();
  const realtime = made.open(made.token, { logger });
  const chat = new ChatWebSocketService(() => realtime);
  const store = chat.connectToRoom(made.roomId);
  await settle();
  return { ...made, logger, realtime, chat, store };
}

describe("the chat service", () => {
  it("connects to rooms over the one connection, and says so on the console", async () => {
    const { server, logger, chat, anna, roomId } = await service();
    const other = server.addRoom([anna.id], { kind: "group" });
    chat.connectToRoom(other);
    chat.connectToRoom(roomId);
    await settle();
    expect(server.dialled).toHaveLength(1);
    const [socket] = server.sockets;
    expect(socket?.channels).toContain(`chat:${roomId}`);
    expect(socket?.channels).toContain(`chat:${other}`);
    expect(logger.text()).toContain(
      `[ChatWebSocket] Connecting to room: {"roomId":${roomId},"hasToken":true}`,
    );
    expect(logger.text()).toContain(`[ChatWebSocket] Connected to room: {"roomId":${roomId}}`);
  });

  it("hands each message to its listeners exactly once, however often the connection broke", async () => {
    const { server, clock, chat, boris, roomId } = await service();
    const heard: string[] = [];
    const stop = chat.onMessage(({ text }) => heard.push(text));
    for (let round = 1; round <= 4; round += 1) {
      server.say(boris.id, roomId, `live ${round}`);
      await settle();
      server.drop();
      server.say(boris.id, roomId, `missed ${round}`);
      if (round % 2 === 0) server.prune(`chat:${roomId}`);
      await clock.advance(5_000);
    }
    stop();
    server.say(boris.id, roomId, "not heard");
    await settle();

    expect(heard).toEqual([1, 2, 3, 4].flatMap((round) => [`live ${round}`, `missed ${round}`]));
  });

  it("survives a listener that throws", async () => {
    const { server, realtime, chat, boris, roomId } = await service();
    const reported = vi.fn();
    vi.stubGlobal("reportError", reported);
    const heard = vi.fn();
    chat.onMessage(() => {
      throw new Error("a bug in the page");
    });
    chat.onMessage(heard);
    server.say(boris.id, roomId, "one");
    server.say(boris.id, roomId, "two");
    await settle();

    expect(heard).toHaveBeenCalledTimes(2);
    expect(reported).toHaveBeenCalledTimes(2);
    expect(realtime.getSnapshot().state).toBe("online");
    vi.unstubAllGlobals();
  });

  it("tells edits, deletions, reactions, typing, reading and membership apart", async () => {
    const { server, chat, anna, boris, roomId } = await service();
    const message = server.say(boris.id, roomId, "hello");
    const events: unknown[] = [];
    chat.onMessageEdited(({ text }) => events.push(["edited", text]));
    chat.onMessageDeleted((deleted) => events.push(["deleted", deleted]));
    chat.onReaction(({ messageId, reactions }) => events.push(["reaction", messageId, reactions.length]));
    chat.onTyping(({ userId, typing }) => events.push(["typing", userId, typing]));
    chat.onRead(({ userId, seq }) => events.push(["read", userId, seq]));
    chat.onMember(({ userId, joined }) => events.push(["member", userId, joined]));
    chat.onRoomAdded(({ id }) => events.push(["added", id]));
    chat.onRoomRemoved((id) => events.push(["removed", id]));
    chat.onError(({ roomId, code }) => events.push(["closed", roomId, code]));
    const call = (method: string, params: unknown) => server.call(boris.id, method, params);
    call("chat.edit", { id: message.id, text: "hi" });
    call("chat.react", { id: message.id, emoji: "👍", on: true });
    call("chat.typing", { room: roomId, typing: true });
    call("chat.read", { room: roomId, seq: 1 });
    call("chat.delete", { id: message.id });
    const added = server.addRoom([anna.id], { kind: "group" });
    server.removeMember(roomId, anna.id);
    await settle();

    expect(events).toEqual(
      expect.arrayContaining([
        ["edited", "hi"],
        ["reaction", message.id, 1],
        ["typing", boris.id, true],
        ["read", boris.id, 1],
        ["deleted", { roomId, id: message.id, seq: 1 }],
        ["added", added],
        ["member", anna.id, false],
        ["removed", roomId],
        ["closed", roomId, 2000],
      ]),
    );
  });

  it("sends, edits, deletes and reacts, and shows it without waiting for the echo", async () => {
    const { server, chat, store, anna, roomId } = await service();
    await chat.sendMessage({ roomId, text: "mine" });
    await settle();
    const [message] = store.getSnapshot().messages;
    if (message === undefined) throw new Error("not sent");
    server.publish = () => undefined;
    await chat.editMessage(message.id, "changed");
    expect(store.getSnapshot().messages[0]?.text).toBe("changed");
    await chat.react(message.id, "🎉");
    expect(store.getSnapshot().messages[0]?.reactions).toEqual([
      { emoji: "🎉", count: 1, user_ids: [anna.id] },
    ]);
    await chat.deleteMessage(message.id);
    expect(store.getSnapshot().messages[0]).toMatchObject({ text: "", deleted_at: expect.any(String) });
    await expect(chat.editMessage(message.id, "  ")).rejects.toMatchObject({ field: "text" });
  });

  it("may not change what somebody else said", async () => {
    const { server, chat, boris, roomId } = await service();
    const theirs = server.say(boris.id, roomId, "theirs");
    await expect(chat.editMessage(theirs.id, "forged")).rejects.toMatchObject({ code: 103 });
    expect(server.messagesOf(roomId)[0]?.text).toBe("theirs");
  });

  it("says that I am typing at most every 3 s, and that I stopped only if I had begun", async () => {
    const { server, clock, chat, roomId } = await service();
    const told = () =>
      server.calls
        .filter(({ method }) => method === "chat.typing")
        .map(({ params }) => (params as { typing: boolean }).typing);
    chat.sendTyping(roomId, false);
    for (let key = 0; key < 10; key += 1) chat.sendTyping(roomId);
    await clock.advance(3_000);
    chat.sendTyping(roomId);
    chat.sendTyping(roomId, false);
    chat.sendTyping(roomId, false);
    await settle();
    expect(told()).toEqual([true, true, false]);
  });

  it("leaves a room without closing the connection", async () => {
    const { server, clock, realtime, chat, roomId } = await service();
    chat.disconnectFromRoom(roomId);
    await clock.advance(5_000);
    expect([...server.sockets][0]?.channels).not.toContain(`typing:${roomId}`);
    expect(realtime.getSnapshot().state).toBe("online");
  });
});
