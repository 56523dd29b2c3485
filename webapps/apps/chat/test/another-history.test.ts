import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { joined } from "./fake-server";
import { message, TALK } from "./records";

describe("a log that is made anew under an open socket", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("is joined under the epoch that the reset names", async () => {
    const { server } = await joined([message("m1", 1)]);
    server.say(message("m2", 2));
    server.sent = [];
    server.positions = ["m3:0"];
    server.say({ type: "reset", conversation_id: TALK, reason: "history changed", epoch: "e2" });
    await vi.advanceTimersByTimeAsync(0);
    expect(server.of("conversation:join")).toMatchObject([{ positions: ["m3:0"], epoch: "e2" }]);
  });

  it("stays under its own when the reset names none", async () => {
    const { server } = await joined([message("m1", 1)]);
    server.sent = [];
    server.positions = ["m3:7"];
    server.say({ type: "reset", conversation_id: TALK, reason: "too far" });
    await vi.advanceTimersByTimeAsync(0);
    expect(server.of("conversation:join")).toMatchObject([{ positions: ["m3:7"], epoch: "e1" }]);
  });
});
