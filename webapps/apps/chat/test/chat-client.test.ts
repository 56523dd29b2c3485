import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { FakeServer, joined } from "./fake-server";
import { begun, message, reply, TALK } from "./records";

describe("sending", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("shows the message at once, ticks it on accepted, and lets the log replace it", async () => {
    const { server, client } = await joined();
    client.send("hello", { conversationId: TALK });
    expect(client.getState().outbox[0]).toMatchObject({ text: "hello", state: "sending" });
    server.say({ type: "ack", ref: "id-1", status: "accepted", message_id: "m1" });
    expect(client.getState().outbox[0]).toMatchObject({ state: "sent", message_id: "m1" });
    server.say(message("m1", 1, { client_message_id: "id-1" }));
    expect(client.getState().outbox).toEqual([]);
    expect(client.getState().threads[TALK]?.records).toHaveLength(1);
  });

  it("repeats unknown and busy under the same client id", async () => {
    const { server, client } = await joined();
    client.send("hello", { conversationId: TALK });
    server.say({ type: "ack", ref: "id-1", status: "unknown" });
    await vi.advanceTimersByTimeAsync(500);
    expect(server.of("message")).toHaveLength(2);
    server.say({ type: "ack", ref: "id-1", status: "busy", retry_after_ms: 3_000 });
    await vi.advanceTimersByTimeAsync(2_900);
    expect(server.of("message")).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(200);
    expect(server.of("message").map((frame) => frame.client_message_id)).toEqual([
      "id-1",
      "id-1",
      "id-1",
    ]);
  });

  it("fails on rejected with its reason, and sends anew on retry", async () => {
    const { server, client } = await joined();
    client.send("hello", { conversationId: TALK });
    server.say({ type: "ack", ref: "id-1", status: "rejected", code: "too_long", detail: "no" });
    expect(client.getState().outbox[0]).toMatchObject({
      state: "failed",
      failure: { code: "too_long", detail: "no" },
    });
    client.retry("id-1");
    expect(server.of("message")).toHaveLength(2);
    server.say({ type: "error", ref: "id-1", code: "bad_frame", detail: "odd" });
    expect(client.getState().outbox[0]?.state).toBe("failed");
    client.discard("id-1");
    expect(client.getState().outbox).toEqual([]);
  });

  it("keeps the order of several messages through every retry", async () => {
    const { server, client } = await joined();
    client.send("one", { conversationId: TALK });
    client.send("two", { conversationId: TALK });
    expect(server.of("message").map((frame) => frame.text)).toEqual(["one"]);
    server.say({ type: "ack", ref: "id-1", status: "busy" });
    await vi.advanceTimersByTimeAsync(500);
    server.say({ type: "ack", ref: "id-1", status: "accepted", message_id: "m1" });
    expect(server.of("message").map((frame) => frame.text)).toEqual(["one", "one", "two"]);
  });

  it("sends what a cut left open again, after joining again", async () => {
    const { server, client } = await joined();
    client.send("before", { conversationId: TALK });
    server.cut();
    client.send("while offline", { conversationId: TALK });
    expect(client.getState().outbox.map((entry) => entry.state)).toEqual(["queued", "queued"]);
    server.sent = [];
    server.open();
    expect(server.of("message")).toEqual([]);
    server.acceptJoins();
    expect(server.of("message")).toMatchObject([{ client_message_id: "id-1", text: "before" }]);
    server.say({ type: "ack", ref: "id-1", status: "accepted", message_id: "m1" });
    expect(server.of("message")[1]).toMatchObject({ text: "while offline" });
  });

  it("sends what a reload interrupted, under its old client id", async () => {
    const { client } = await joined();
    client.send("hello", { conversationId: TALK });
    const server = new FakeServer();
    const reloaded = server.client();
    expect(reloaded.getState().outbox[0]?.state).toBe("queued");
    reloaded.start();
    server.acceptJoins();
    expect(server.of("message")[0]).toMatchObject({ client_message_id: "id-1", text: "hello" });
  });

  it("does not send again what history already holds", async () => {
    const { client } = await joined();
    client.send("hello", { conversationId: TALK });
    const server = new FakeServer();
    server.history = [message("m1", 1, { client_message_id: "id-1" })];
    const reloaded = server.client();
    reloaded.open(TALK);
    await vi.advanceTimersByTimeAsync(0);
    expect(reloaded.getState().outbox).toEqual([]);
  });

  it("starts a conversation with its first message and follows with the rest", async () => {
    const server = new FakeServer();
    const client = server.client();
    const started: string[][] = [];
    client.onStarted((clientId, id) => started.push([clientId, id]));
    client.send("where is my order?", { clientConversationId: "new-1" });
    client.start();
    expect(server.of("conversation:start")).toMatchObject([
      { client_conversation_id: "new-1" },
    ]);
    expect(server.of("conversation:start")[0]?.title).toBeUndefined();
    server.say({ type: "ack", ref: "new-1", status: "accepted", conversation_id: TALK });
    expect(started).toEqual([["new-1", TALK]]);
    expect(server.of("message")).toMatchObject([{ conversation_id: TALK }]);
    const first_message_preview = "where is my order?";
    expect(client.getState().started).toMatchObject([{ id: TALK, first_message_preview }]);
  });

  it("lists what was started in another tab, and what was started here once", async () => {
    const { server, client } = await joined();
    server.say(begun("elsewhere", { title: "From the phone" }));
    server.say(begun("elsewhere", { title: "From the phone" }));
    server.say(begun("of-somebody-else", { owner_id: "user-2" }));
    server.say(begun("long-ago", { replayed: true }));
    const elsewhere = { id: "elsewhere", title: "From the phone" };
    expect(client.getState().started).toMatchObject([elsewhere]);
    client.send("hello", { clientConversationId: "new-1" });
    server.say(begun("here"));
    server.say({ type: "ack", ref: "new-1", status: "accepted", conversation_id: "here" });
    server.say(begun("here"));
    const here = { id: "here", first_message_preview: "hello" };
    expect(client.getState().started).toMatchObject([here, elsewhere]);
  });
});

describe("following a conversation", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("merges history and live frames whichever comes first, without repeats", async () => {
    const server = new FakeServer();
    const client = server.client();
    server.history = [message("m1", 1), reply("r1", 2)];
    client.start();
    client.open(TALK);
    server.say(reply("r1", 2));
    server.say(message("m2", 3));
    await vi.advanceTimersByTimeAsync(0);
    const ids = client.getState().threads[TALK]?.records.map((record) => record.event_id);
    expect(ids).toEqual(["m1", "r1", "m2"]);
  });

  it("fetches history again when it joined without positions, and not when it resumed", async () => {
    const { server } = await joined();
    expect(server.loads).toBe(2);
    server.say(message("m1", 4));
    server.cut();
    server.sent = [];
    server.open();
    server.acceptJoins();
    await vi.advanceTimersByTimeAsync(0);
    expect(server.loads).toBe(2);
  });

  it("comes back with the newest position of each log", async () => {
    const { server } = await joined();
    server.say(message("m1", 4));
    server.say(reply("r1", 5));
    expect(server.comeBack()).toEqual(["m3:4", "r3:5"]);
  });

  it("forgets its positions in another epoch", async () => {
    const { server } = await joined();
    server.say(message("m1", 4));
    server.cut();
    server.sent = [];
    server.open("e2");
    expect(server.of("conversation:join")[0]?.positions).toBeUndefined();
  });

  it("loads anew on reset and joins from where the history reaches to", async () => {
    const { server, client } = await joined();
    server.say(message("m1", 4));
    const before = server.loads;
    server.sent = [];
    server.history = [message("m2", 5)];
    server.positions = ["m3:5", "r3:2"];
    server.say({ type: "reset", conversation_id: TALK, reason: "too old" });
    await vi.advanceTimersByTimeAsync(0);
    expect(server.loads).toBe(before + 1);
    expect(server.of("conversation:join")).toMatchObject([
      { positions: ["m3:5", "r3:2"], epoch: "e1" },
    ]);
    expect(client.getState().threads[TALK]?.records).toHaveLength(2);
  });

  it("waits before it asks a history again that lags behind", async () => {
    const { server } = await joined();
    const before = server.loads;
    const reset = { type: "reset", conversation_id: TALK, reason: "too old" } as const;
    server.say(reset);
    await vi.advanceTimersByTimeAsync(0);
    server.say(reset);
    await vi.advanceTimersByTimeAsync(0);
    expect(server.loads).toBe(before + 1);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(server.loads).toBe(before + 2);
  });

  it("asks for what happened between the page and the socket", async () => {
    const server = new FakeServer();
    const client = server.client();
    server.positions = ["m3:7"];
    client.start();
    client.open(TALK);
    await vi.advanceTimersByTimeAsync(0);
    const [first, second] = server.of("conversation:join");
    expect(first?.positions).toBeUndefined();
    expect(second).toMatchObject({ positions: ["m3:7"], epoch: "e1" });
  });

  it("does not believe to have seen what was never sent", async () => {
    const server = new FakeServer();
    const client = server.client();
    server.positions = ["m3:7"];
    client.start();
    client.open(TALK);
    await vi.advanceTimersByTimeAsync(0);
    const [recent] = server.of("conversation:join");
    const caughtUp = { type: "caught_up", conversation_id: TALK } as const;
    server.say({ ...caughtUp, ref: recent?.ref ?? "", positions: ["m3:90"] });
    server.say(message("m1", 91));
    expect(server.comeBack()).toEqual(["m3:7"]);
    const [rest] = server.of("conversation:join");
    server.say({ ...caughtUp, ref: rest?.ref ?? "", positions: ["m3:95", "r3:4"] });
    expect(server.comeBack()).toEqual(["m3:95", "r3:4"]);
    server.say(message("m2", 96));
    expect(server.comeBack()).toEqual(["m3:96", "r3:4"]);
  });

  it("says again that it is left alone when it comes back", async () => {
    const { server, client } = await joined();
    client.setIdle(true);
    client.setIdle(true);
    expect(server.of("presence")).toMatchObject([{ state: "away" }]);
    server.cut();
    server.sent = [];
    server.open();
    expect(server.of("presence")).toMatchObject([{ state: "away" }]);
    client.setIdle(false);
    expect(server.of("presence").at(-1)).toMatchObject({ state: "online" });
  });

  it("says that a conversation is missing when the server does not know it", async () => {
    const server = new FakeServer();
    const client = server.client();
    client.start();
    client.open(TALK);
    const ref = server.of("conversation:join")[0]?.ref ?? "";
    server.say({ type: "ack", ref, status: "rejected", code: "not_found" });
    expect(client.getState().threads[TALK]?.missing).toBe(true);
  });
});
