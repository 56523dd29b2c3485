import type { MessageRecord } from "@parley/contract";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { joined } from "./fake-server";
import { delivered, message, read, reply, TALK } from "./records";

const OTHER = "user-2";
const GRACE = { id: OTHER, kind: "agent" as const, name: "Grace" };

const said = (id: string, second: number, more: Partial<MessageRecord> = {}) =>
  message(id, second, { sender: GRACE, ...more });

describe("telling that something has arrived", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("names the newest of what others said, once a second at most", async () => {
    const { server } = await joined();
    for (const second of [1, 3, 2]) server.say(said(`m${second}`, second));
    expect(server.of("delivered")).toEqual([]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(server.of("delivered")).toMatchObject([{ message_id: "m3", conversation_id: TALK }]);
    server.accept(server.of("delivered")[0]?.ref);
    server.say(said("m4", 4));
    await vi.advanceTimersByTimeAsync(900);
    expect(server.of("delivered")).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(100);
    expect(server.of("delivered")).toHaveLength(2);
  });

  it("asks until it is answered, and troubles nobody when it is refused", async () => {
    const { server, client } = await joined();
    server.say(said("m1", 1));
    await vi.advanceTimersByTimeAsync(1_000);
    server.cut();
    server.open();
    server.acceptJoins();
    const sent = server.of("delivered");
    expect(sent).toHaveLength(2);
    expect(new Set(sent.map(({ ref }) => ref)).size).toBe(1);
    server.say({ type: "ack", ref: sent[0]?.ref ?? "", status: "rejected", code: "unknown_type" });
    expect(client.getState().refusal).toBeNull();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(server.of("delivered")).toHaveLength(2);
  });

  it("says nothing of answers, of one's own words, and of what one has read", async () => {
    const { server } = await joined();
    server.say(message("m1", 1));
    server.say(reply("r1", 2));
    server.say(said("m3", 3));
    server.say(read("m3", 4, 3));
    await vi.advanceTimersByTimeAsync(2_000);
    expect(server.of("delivered")).toEqual([]);
  });

  it("says nothing of a history that is marked already", async () => {
    const { server, client } = await joined([said("m1", 1, { reactions: [] })]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(server.of("delivered")).toHaveLength(1);
    server.accept(server.of("delivered")[0]?.ref);
    server.say(delivered("m1", 2, 1));
    client.reload(TALK);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(server.of("delivered")).toHaveLength(1);
  });

  it("keeps how far one's own words have come, live as from a history", async () => {
    const { server, client } = await joined();
    server.say(delivered("m2", 3, 2, OTHER));
    server.say(delivered("m1", 4, 1, OTHER));
    const marks = () => client.getState().threads[TALK]?.delivered[OTHER]?.message_id;
    expect(marks()).toBe("m2");
    server.delivered = [
      { user_id: OTHER, message_id: "m5", up_to: "2026-01-01T10:00:05.000000Z" },
    ];
    client.reload(TALK);
    await vi.advanceTimersByTimeAsync(0);
    expect(marks()).toBe("m5");
  });
});
