import type { ChatRecord, RequestFrame } from "@parley/contract";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { Changes, mergeMarks, reachOf } from "../src/state/changes";
import { FakeServer, joined } from "./fake-server";
import { deleted, edited, ME, message, reaction, read, reply, TALK } from "./records";

const OTHER = "user-2";

function stateOf(frames: (ChatRecord | Parameters<Changes["apply"]>[0])[]) {
  const changes = new Changes(ME);
  for (const frame of frames) {
    if (frame.type === "message" || frame.type === "reply") changes.say(frame);
    else changes.apply(frame);
  }
  return ["m1", "m2"].map((id) => {
    const shown = changes.show(id);
    const reactions = (shown?.reactions ?? []).map((each) => `${each.user_id} ${each.emoji}`).sort();
    return { text: shown?.text, edited_at: shown?.edited_at ?? null, reactions };
  });
}

describe("changes", () => {
  const frames = [
    message("m1", 1),
    message("m2", 2),
    edited("m1", 3, "once"),
    edited("m1", 4, "twice"),
    edited("m1", 9, "forged", OTHER),
    reaction("m1", 5, "👍"),
    reaction("m1", 6, "🎉"),
    reaction("m1", 7, "🎉", false),
    reaction("m1", 7, "👍", true, OTHER),
    deleted("m1", 8, OTHER),
    edited("m2", 5, "too late"),
    deleted("m2", 6),
  ];

  it("come to one state whatever the order and the repeats", () => {
    const state = stateOf(frames);
    expect(state).toEqual([
      {
        text: "twice",
        edited_at: "2026-01-01T10:00:04.000000Z",
        reactions: [`${ME} 👍`, `${OTHER} 👍`],
      },
      { text: null, edited_at: null, reactions: [] },
    ]);
    for (let turn = 0; turn < frames.length; turn += 1) {
      const turned = [...frames.slice(turn), ...frames.slice(0, turn)];
      expect(stateOf([...turned, ...frames])).toEqual(state);
      expect(stateOf([...turned].reverse())).toEqual(state);
    }
  });

  it("make of an old history and the events since what a fresh one says", () => {
    const fresh = stateOf(frames);
    const old = message("m1", 1, {
      text: "once",
      edited_at: "2026-01-01T10:00:03.000000Z",
      reactions: [{ user_id: ME, emoji: "🎉" }],
    });
    expect(stateOf([old, ...frames.slice(1)])).toEqual(fresh);
    expect(stateOf([...frames.slice(3), old, ...frames.slice(1, 3)])).toEqual(fresh);
  });

  it("take the latest of a change that was repeated, in any order", () => {
    const at = (second: number) => `2026-01-01T10:00:0${second}.000000Z`;
    const again = <Change extends { event_id: string; occurred_at: string }>(change: Change) => ({
      ...change,
      occurred_at: at(7),
    });
    const edit = edited("m1", 3, "mine");
    const thumb = reaction("m1", 4, "👍");
    const others = [edited("m1", 5, "between"), reaction("m1", 6, "👍", false)];
    const repeated = [edit, thumb, ...others, again(edit), again(thumb)];
    const state = { text: "mine", edited_at: at(7), reactions: [`${ME} 👍`] };
    for (let turn = 0; turn < repeated.length; turn += 1) {
      const turned = [...repeated.slice(turn), ...repeated.slice(0, turn)];
      expect(stateOf([message("m1", 1), ...turned])[0]).toEqual(state);
      expect(stateOf([...turned.reverse(), message("m1", 1)])[0]).toEqual(state);
    }
    const stored = message("m1", 1, { text: "mine", edited_at: at(7), reactions: [] });
    expect(stateOf([edit, stored, edit])[0]).toMatchObject({ text: "mine", edited_at: at(7) });
  });

  it("keep the same object until something changes", () => {
    const changes = new Changes(ME);
    changes.say(message("m1", 1));
    const before = changes.show("m1");
    expect(changes.show("m1")).toBe(before);
    changes.apply(reaction("m1", 2, "👍"));
    expect(changes.show("m1")).not.toBe(before);
  });
});

describe("read marks", () => {
  it("only move forward, and tell what others have read", () => {
    const far = { user_id: OTHER, message_id: "m2", up_to: "2026-01-01T10:00:02.000000Z" };
    const near = { ...far, message_id: "m1", up_to: "2026-01-01T10:00:01.000000Z" };
    const marks = mergeMarks({}, [far]);
    expect(mergeMarks(marks, [near])).toBe(marks);
    const marked = { marks, delivered: {} };
    expect(reachOf(message("m2", 2), marked, ME)).toBe("read");
    expect(reachOf(message("m3", 3), marked, ME)).toBe("sent");
    expect(reachOf(message("m1", 1), marked, OTHER)).toBe("sent");
    const delivered = mergeMarks({}, [{ ...far, up_to: "2026-01-01T10:00:03.000000Z" }]);
    expect(reachOf(message("m3", 3), { marks, delivered }, ME)).toBe("delivered");
    expect(reachOf(message("m2", 2), { marks, delivered }, ME)).toBe("read");
    expect(reachOf(message("m3", 3), undefined, ME)).toBe("sent");
  });
});

describe("changing messages", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const records = (client: Awaited<ReturnType<typeof joined>>["client"]) =>
    client.getState().threads[TALK]?.records ?? [];

  it("asks until accepted, under one name, also over a cut", async () => {
    const { server, client } = await joined([message("m1", 1, { reactions: [] })]);
    const [record] = records(client);
    if (!record) throw new Error("no record");
    client.edit(record, "better");
    const ref = server.of("message:edit")[0]?.ref;
    server.say({ type: "ack", ref: ref ?? "", status: "unknown" });
    await vi.advanceTimersByTimeAsync(1_000);
    server.cut();
    server.open();
    server.acceptJoins();
    const sent = server.of("message:edit");
    expect(sent.length).toBeGreaterThanOrEqual(3);
    expect(new Set(sent.map((frame) => `${frame.ref} ${frame.client_event_id}`)).size).toBe(1);
    server.accept(ref);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(server.of("message:edit")).toHaveLength(sent.length);
    server.say(edited("m1", 2, "better"));
    expect(records(client)[0]).toMatchObject({ text: "better" });
  });

  it("asks on after a reload, under the old names, until it is answered", async () => {
    const record = message("m1", 1);
    const { server: before, client } = await joined([record, reply("r1", 2)]);
    before.sent = [];
    client.edit(record, "better");
    client.react(record, "👍");
    client.delete(record);
    client.markRead(TALK);
    const server = new FakeServer();
    server.client().start();
    server.acceptJoins();
    const [join, ...asked] = server.sent;
    expect(join).toMatchObject({ type: "conversation:join", conversation_id: TALK });
    expect(asked).toEqual(before.sent);
    expect(asked.map(({ type }) => type)).toEqual([
      "message:edit",
      "reaction",
      "message:delete",
      "read",
    ]);
    for (const { ref } of asked as RequestFrame[]) server.accept(ref);
    const later = new FakeServer();
    later.client().start();
    expect(later.sent).toEqual([]);
  });

  it("takes an emoji off again, and says when a change was refused", async () => {
    const on = [{ user_id: ME, emoji: "👍" }];
    const { server, client } = await joined([message("m1", 1, { reactions: on })]);
    const [record] = records(client);
    if (!record) throw new Error("no record");
    client.react(record, "👍");
    const [sent] = server.of("reaction");
    expect(sent).toMatchObject({ emoji: "👍", active: false });
    server.say({ type: "ack", ref: sent?.ref ?? "", status: "rejected", code: "not_found" });
    expect(client.getState().refusal).toEqual({ code: "not_found" });
    client.delete(record);
    expect(client.getState().refusal).toBeNull();
  });

  it("marks as read once, only forward, and only what others said", async () => {
    const { server, client } = await joined([message("m1", 1, { reactions: [] })]);
    client.markRead(TALK);
    expect(server.of("read")).toHaveLength(0);
    server.say(reply("r1", 2));
    client.markRead(TALK);
    client.markRead(TALK);
    expect(server.of("read")).toMatchObject([{ message_id: "r1" }]);
    server.accept(server.of("read")[0]?.ref);
    server.say(read("r1", 3, 2));
    client.markRead(TALK);
    expect(server.of("read")).toHaveLength(1);
  });

  it("lets a fresh history win over what was known before a reset", async () => {
    const { server, client } = await joined([message("m1", 1, { reactions: [] })]);
    server.say(reaction("m1", 2, "👍"));
    expect(records(client)[0]?.reactions).toHaveLength(1);
    server.history = [message("m1", 1, { text: null, deleted: true, reactions: [] })];
    server.say({ type: "reset", conversation_id: TALK, reason: "too old" });
    await vi.advanceTimersByTimeAsync(0);
    expect(records(client)).toMatchObject([{ text: null, reactions: [] }]);
  });

  it("drops what a reset made stale, so that older pages are fetched anew", async () => {
    const { server, client } = await joined([message("m1", 1, { reactions: [] })]);
    server.history = [message("m9", 9, { reactions: [] })];
    server.older = "cursor";
    server.say({ type: "reset", conversation_id: TALK, reason: "too old" });
    await vi.advanceTimersByTimeAsync(0);
    expect(records(client).map((record) => record.message_id)).toEqual(["m9"]);
    expect(client.getState().threads[TALK]?.older).toBe("cursor");
  });
});

describe("typing and presence", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const typing = { type: "typing", conversation_id: TALK, user_id: OTHER, active: true } as const;

  it("shows others typing until they stop, send, or say nothing more", async () => {
    const { server, client } = await joined();
    const typists = () => client.getState().typing[TALK] ?? [];
    server.say({ ...typing, user_id: ME, expires_ms: 6_000 });
    expect(typists()).toEqual([]);
    server.say({ ...typing, expires_ms: 6_000 });
    server.say({ ...typing, expires_ms: 6_000 });
    expect(typists()).toEqual([OTHER]);
    await vi.advanceTimersByTimeAsync(6_000);
    expect(typists()).toEqual([]);
    server.say({ ...typing, expires_ms: 3_600_000 });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(typists()).toEqual([]);
    server.say({ ...typing, expires_ms: 6_000 });
    server.say({ ...typing, active: false, expires_ms: 6_000 });
    expect(typists()).toEqual([]);
    server.say({ ...typing, expires_ms: 6_000 });
    server.say(message("m5", 5, { sender: { id: OTHER, kind: "agent", name: "Bob" } }));
    expect(typists()).toEqual([]);
  });

  it("says so now and then, and when it ends", async () => {
    const { server, client } = await joined();
    for (let press = 0; press < 10; press += 1) client.typing(TALK, true);
    expect(server.of("typing")).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(3_000);
    client.typing(TALK, true);
    client.send("hello", { conversationId: TALK });
    client.typing(TALK, false);
    expect(server.of("typing").map((frame) => frame.active)).toEqual([true, true, false]);
  });

  it("watches people again after every cut", async () => {
    const { server, client } = await joined();
    client.watch([OTHER]);
    client.watch([OTHER]);
    expect(server.of("presence:watch")).toHaveLength(1);
    server.cut();
    server.open();
    expect(server.of("presence:watch")).toHaveLength(2);
    server.say({ type: "presence", user_id: OTHER, state: "online" });
    expect(client.getState().presence[OTHER]?.state).toBe("online");
  });

  it("needs no server to be asked", () => {
    const client = new FakeServer().client();
    client.typing(TALK, true);
    client.markRead(TALK);
    expect(client.getState().typing).toEqual({});
  });
});
