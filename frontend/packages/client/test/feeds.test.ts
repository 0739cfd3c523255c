import { describe, expect, it, vi } from "vitest";
import { InvoiceWebSocketService } from "../src/services/invoice.ts";
import { NotificationWebSocketService } from "../src/services/notification.ts";
import { invoicesOf } from "../src/stores/invoices.ts";
import { notificationsOf } from "../src/stores/notifications.ts";
import { recordingLogger, settle, world } from "./support.ts";

describe("notifications", () => {
  it("come live, newest first, with the counts of the bell", async () => {
    const { server, anna, annaOnline } = world();
    server.notify(anna.id, "first");
    const realtime = await annaOnline();
    const store = notificationsOf(realtime);
    store.open();
    await settle();
    server.notify(anna.id, "second");
    await settle();

    const { notifications, unread, unseen } = store.getSnapshot();
    expect(notifications.map(({ title }) => title)).toEqual(["second", "first"]);
    expect({ unread, unseen }).toEqual({ unread: 2, unseen: 2 });
  });

  it("that came before the socket did, but after the list was asked for, are not lost", async () => {
    const { server, anna, open, token } = world();
    const realtime = open(token);
    realtime.session.adopt(token, anna);
    const store = notificationsOf(realtime);
    store.open();
    await settle();
    server.notify(anna.id, "in between");
    realtime.connect();
    await settle();

    expect(store.getSnapshot().notifications.map(({ title }) => title)).toEqual(["in between"]);
  });

  it("that came during an outage are caught up with once", async () => {
    const { server, clock, anna, annaOnline } = world();
    const realtime = await annaOnline();
    const store = notificationsOf(realtime);
    store.open();
    await settle();
    const requests = server.requests.length;
    server.drop();
    server.notify(anna.id, "missed");
    await clock.advance(1_100);
    expect(store.getSnapshot().notifications.map(({ title }) => title)).toEqual(["missed"]);
    expect(server.requests).toHaveLength(requests);

    server.drop();
    server.notify(anna.id, "missed and pruned");
    server.prune(`notifications:#${anna.id}`);
    await clock.advance(3_000);
    expect(store.getSnapshot()).toMatchObject({ unread: 2 });
  });

  it("are read, seen and archived, here and on other devices", async () => {
    const { server, anna, annaOnline } = world();
    const one = server.notify(anna.id, "one");
    server.notify(anna.id, "two");
    const realtime = await annaOnline();
    const store = notificationsOf(realtime);
    store.open();
    await settle();

    await store.markSeen();
    expect(store.getSnapshot()).toMatchObject({ unread: 2, unseen: 0 });
    await store.markRead([one.id]);
    expect(store.getSnapshot()).toMatchObject({ unread: 1 });
    await store.archive([one.id]);
    await settle();
    expect(store.getSnapshot().notifications.map(({ title }) => title)).toEqual(["two"]);
    server.call(anna.id, "notifications.read", { up_to: 1_000 });
    await settle();
    expect(store.getSnapshot()).toMatchObject({ unread: 0 });
  });

  it("reach the handlers of the service, with its console lines, until it disconnects", async () => {
    const { server, clock, anna, open, token } = world();
    const logger = recordingLogger();
    const realtime = open(token, { logger });
    const service = new NotificationWebSocketService(() => realtime);
    const handlers = { onNotification: vi.fn(), onConnected: vi.fn(), onDisconnected: vi.fn() };
    service.connect(handlers);
    await settle();
    server.notify(anna.id, "hello");
    server.drop(3001, "shutdown");
    await clock.advance(1_100);
    server.notify(anna.id, "again");
    await settle();
    service.disconnect();
    server.notify(anna.id, "unheard");
    await settle();

    expect(handlers.onNotification.mock.calls.map(([{ title }]) => title)).toEqual(["hello", "again"]);
    expect(handlers.onConnected).toHaveBeenCalledTimes(2);
    expect(handlers.onDisconnected).toHaveBeenCalledWith({ code: 3001, reason: "shutdown" });
    expect(logger.text()).toContain('[NotificationWebSocket] Connecting: {"hasToken":true}');
    expect(logger.text()).toContain(
      '[NotificationWebSocket] Disconnected: {"code":3001,"reason":"shutdown"}',
    );
    expect(realtime.getSnapshot().state).toBe("online");
  });
});

describe("invoices", () => {
  it("turn paid before the eyes of who looks at them", async () => {
    const { server, anna, boris, annaOnline } = world();
    const invoice = server.addInvoice(anna.id, boris.id, boris.id);
    const realtime = await annaOnline();
    const service = new InvoiceWebSocketService(() => realtime);
    const handlers = { onChanged: vi.fn(), onPaid: vi.fn(), onCreated: vi.fn() };
    service.connect(handlers);
    await settle();
    expect(service.store().getSnapshot().invoices).toMatchObject([{ id: invoice.id, status: "open" }]);

    server.pay(invoice.id);
    const another = server.addInvoice(anna.id, boris.id, boris.id);
    await settle();
    expect(service.store().getSnapshot().invoices).toMatchObject([
      { id: another.id },
      { id: invoice.id, status: "paid" },
    ]);
    expect(handlers.onPaid).toHaveBeenCalledExactlyOnceWith({
      invoice: expect.objectContaining({ id: invoice.id }),
      payment: expect.objectContaining({ status: "succeeded" }),
    });
    expect(handlers.onChanged).toHaveBeenCalledWith(
      expect.objectContaining({ oldStatus: "open", newStatus: "paid" }),
    );
    expect(handlers.onCreated).toHaveBeenCalledOnce();
  });

  it("that were paid during an outage are paid after it, also when the log was pruned", async () => {
    const { server, clock, anna, boris, annaOnline } = world();
    const [first, second] = [
      server.addInvoice(anna.id, boris.id, boris.id),
      server.addInvoice(anna.id, boris.id, boris.id),
    ];
    const realtime = await annaOnline();
    const store = invoicesOf(realtime);
    store.open();
    await settle();
    server.drop();
    server.pay(first.id);
    await clock.advance(1_100);
    expect(store.getSnapshot().invoices.map(({ status }) => status)).toEqual(["open", "paid"]);

    server.drop();
    server.pay(second.id);
    server.prune(`invoices:#${anna.id}`);
    await clock.advance(3_000);
    expect(store.getSnapshot().invoices.map(({ status }) => status)).toEqual(["paid", "paid"]);
  });
});
