import { act, cleanup, render, screen } from "@testing-library/react";
import { StrictMode } from "react";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import type { RealtimeClient } from "../src/core/realtime.ts";
import {
  RealtimeProvider,
  useConnection,
  useInvoices,
  useNotifications,
  useOutbox,
  useRoom,
  useRooms,
  useSession,
} from "../src/react/index.ts";
import { world } from "./support.ts";

beforeAll(() => {
  (globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true;
});

afterEach(cleanup);

function Status() {
  const { state, retryNow } = useConnection();
  const { user } = useSession();
  return (
    <button type="button" onClick={retryNow}>
      {state} {user?.username}
    </button>
  );
}

function RoomPage({ roomId }: { roomId: number }) {
  const room = useRoom(roomId);
  return (
    <>
      <ol>
        {room.messages.map(({ id, text }) => (
          <li key={id}>{text}</li>
        ))}
        {room.pending.map(({ clientId, text, state }) => (
          <li key={clientId}>{`${text} (${state})`}</li>
        ))}
      </ol>
      <button type="button" onClick={() => void room.send("from the page")}>
        send
      </button>
    </>
  );
}

function Totals() {
  const { unreadTotal } = useRooms();
  const { unseen } = useNotifications();
  const { invoices } = useInvoices();
  const { pending } = useOutbox();
  return (
    <p>{`${unreadTotal} unread, ${unseen} unseen, ${invoices.length} invoices, ${pending.length} pending`}</p>
  );
}

async function show(page: React.ReactNode) {
  const made = world();
  const realtime: RealtimeClient = made.open(made.token);
  realtime.session.adopt(made.token, made.anna);
  const turn = (ms = 0) => act(() => made.clock.advance(ms));
  const element =
    typeof page === "function" ? (page as (roomId: number) => React.ReactNode)(made.roomId) : page;
  const view = render(
    <StrictMode>
      <RealtimeProvider realtime={realtime}>{element}</RealtimeProvider>
    </StrictMode>,
  );
  await turn();
  return { ...made, realtime, view, turn };
}

describe("the hooks", () => {
  it("follow the connection", async () => {
    const { server, turn } = await show(<Status />);
    expect(screen.getByRole("button").textContent).toBe("online anna");
    server.goDown();
    await turn();
    expect(screen.getByRole("button").textContent).toBe("reconnecting anna");
    server.goUp();
    act(() => screen.getByRole("button").click());
    await turn();
    expect(screen.getByRole("button").textContent).toBe("online anna");
  });

  it("show a room, what is said in it, and what was written offline", async () => {
    const { server, boris, roomId, turn } = await show(((id: number) => <RoomPage roomId={id} />) as never);
    const items = () => screen.queryAllByRole("listitem").map(({ textContent }) => textContent);
    server.say(boris.id, roomId, "hello");
    await turn();
    expect(items()).toEqual(["hello"]);

    server.goDown();
    await turn();
    act(() => screen.getByRole("button").click());
    await turn();
    expect(items()).toEqual(["hello", "from the page (queued)"]);
    server.goUp();
    await turn(3_000);
    expect(items()).toEqual(["hello", "from the page"]);
  });

  it("keep the totals", async () => {
    const { server, anna, boris, roomId, turn } = await show(<Totals />);
    server.say(boris.id, roomId, "hello");
    server.notify(anna.id, "look");
    server.addInvoice(boris.id, anna.id, boris.id);
    await turn();
    expect(screen.getByText("1 unread, 1 unseen, 1 invoices, 0 pending")).toBeDefined();
  });

  it("leave nothing behind when the page goes", async () => {
    const { server, view, turn, roomId } = await show(((id: number) => <RoomPage roomId={id} />) as never);
    const channels = () => [...server.sockets].flatMap((socket) => [...socket.channels]);
    expect(channels()).toContain(`chat:${roomId}`);
    view.unmount();
    await turn(5_000);
    expect(channels()).not.toContain(`chat:${roomId}`);
  });
});
