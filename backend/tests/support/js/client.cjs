// One client of the npm library `centrifuge` against a running site; prints what it saw as JSON.
// Usage: node client.cjs <url> <json|protobuf> <room> <stale token> <fresh token> <bad token>
"use strict";
const { createRequire } = require("node:module");
const path = require("node:path");
const frontend = createRequire(path.join(__dirname, "../../../../frontend/package.json"));
const [url, flavour, room, stale, fresh, bad] = process.argv.slice(2);
const { Centrifuge } = frontend(flavour === "protobuf" ? "centrifuge/build/protobuf" : "centrifuge");
const WebSocket = frontend("ws");

const sockets = [];
class Socket extends WebSocket {
  constructor(...args) {
    super(...args);
    sockets.push(this);
  }
}
const isProtobuf = flavour === "protobuf";
const encode = (value) => (isProtobuf ? new TextEncoder().encode(JSON.stringify(value)) : value);
const decode = (value) => (isProtobuf ? JSON.parse(new TextDecoder().decode(value)) : value);
const options = { websocket: Socket, minReconnectDelay: 20, maxReconnectDelay: 200 };
const once = (emitter, event) => new Promise((resolve) => emitter.once(event, resolve));
const ids = [0, 1, 2].map(() => require("node:crypto").randomUUID());
const seen = { tokensAsked: 0, texts: [], offsets: [], unexpected: [] };

async function talk() {
  const tokens = [stale, fresh];
  const client = new Centrifuge(url, {
    ...options,
    getToken: async () => tokens[Math.min(seen.tokensAsked++, 1)],
  });
  const subscription = client.newSubscription(`chat:${room}`);
  const send = async (text, clientId) =>
    decode((await client.rpc("chat.send", encode({ room: Number(room), text, client_id: clientId }))).data);
  let told = () => {};
  subscription.on("publication", (ctx) => {
    const event = decode(ctx.data);
    if (event.type !== "message.created") return;
    seen.offsets.push(ctx.offset);
    seen.texts.push(event.message.text);
    told();
  });
  const until = async (count) => {
    while (seen.texts.length < count) await new Promise((resolve) => (told = resolve));
  };
  subscription.on("error", (ctx) => seen.unexpected.push(`subscription: ${ctx.error.code}`));
  client.on("error", (ctx) => ctx.error.code !== 109 && ctx.error.code !== 2 && seen.unexpected.push(`client: ${JSON.stringify(ctx.error)}`));
  const subscribed = once(subscription, "subscribed");
  subscription.subscribe();
  client.connect();
  await subscribed;
  await send("first", ids[0]);
  await until(1);
  const resumed = once(subscription, "subscribed");
  sockets.at(-1).terminate();
  // The call may be cut with the socket; whoever sends again uses the same id.
  const whileAway = send("sent while the socket was cut", ids[1]).catch(() => null);
  const context = await resumed;
  seen.recovered = context.recovered;
  seen.wasRecovering = context.wasRecovering;
  if ((await whileAway) === null) await send("sent while the socket was cut", ids[1]);
  await until(2);
  await send("last", ids[2]);
  await until(3);
  seen.presence = Object.keys((await subscription.presence()).clients).length;
  seen.history = (await subscription.history({ limit: 1, reverse: true })).publications.length;
  subscription.unsubscribe();
  await client.rpc("ping", encode({})); // behind the unsubscribe
  seen.unknown = await client.rpc("no.such", encode({})).catch((error) => error.code);
  client.disconnect();
}

async function beTurnedAway() {
  const before = sockets.length;
  const client = new Centrifuge(url, { ...options, token: bad });
  const disconnected = once(client, "disconnected");
  client.connect();
  const { code, reason } = await disconnected;
  await new Promise((resolve) => setTimeout(resolve, 600)); // thirty times the shortest pause before a reconnect
  seen.turnedAway = { code, hasReason: reason !== "", state: client.state, sockets: sockets.length - before };
}

talk()
  .then(beTurnedAway)
  .then(() => {
    console.log(JSON.stringify(seen));
    process.exit(0);
  });
