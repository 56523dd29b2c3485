import type { ChatRecord } from "@parley/contract";
import { describe, expect, it } from "vitest";

import { mergeConversations, previewOf } from "../src/state/conversations";
import { EMPTY } from "../src/state/threads";
import { titleOf } from "../src/state/delivery";
import { mergeRecords, notePosition, timeKey, unansweredMessage } from "../src/state/timeline";
import { ME, message, reply } from "./records";

describe("timeline", () => {
  it("sorts a time without fraction before the same second with one", () => {
    const times = ["2026-01-01T10:00:00.1Z", "2026-01-01T10:00:00Z", "2026-01-01T10:00:00.000002Z"];
    expect([...times].sort((a, b) => (timeKey(a) < timeKey(b) ? -1 : 1))).toEqual([
      times[1],
      times[2],
      times[0],
    ]);
  });

  it("has one order whatever the order of arrival, and drops repeats", () => {
    const all = [message("b", 1), message("a", 1), reply("c", 2), message("d", 3)];
    const shuffled = [all[3], all[0], all[2], all[0], all[1]].flatMap((record) => record ?? []);
    const merged = shuffled.reduce<ReturnType<typeof mergeRecords>>(
      (known, record) => mergeRecords(known, [record]),
      [],
    );
    expect(merged.map((record) => record.event_id)).toEqual(["a", "b", "c", "d"]);
    expect(mergeRecords(merged, all)).toBe(merged);
  });

  it("keeps the newest position of each log", () => {
    const positions = new Map<string, string>();
    for (const at of ["m3:9", "m3:10", "r3:2", "m3:8", undefined]) notePosition(positions, at);
    expect([...positions.values()]).toEqual(["m3:10", "r3:2"]);
  });

  it("knows which question still waits for its answer", () => {
    const asked = [message("m1", 1), reply("r1", 2), message("m2", 3)];
    expect(unansweredMessage(asked, ME)).toBe("m2");
    expect(unansweredMessage([...asked, reply("r2", 4, { in_reply_to: "m2" })], ME)).toBeNull();
    expect(unansweredMessage([], ME)).toBeNull();
  });
});

describe("conversations", () => {
  const handled_by = "assistant" as const;
  const talk = { status: "active", handled_by, last_message_at: null, last_message_preview: null };
  const listed = [{ ...talk, id: "old", title: "Old", started_at: "2026-01-01T09:00:00Z" }];
  const started = [{ ...talk, id: "new", title: "New", started_at: "2026-01-01T10:00:00Z" }];

  it("lists what was started here before the server lists it, once, newest first", () => {
    const ids = mergeConversations([...listed, ...started], started, {}).map(({ id }) => id);
    expect(ids).toEqual(["new", "old"]);
    expect(mergeConversations(listed, started, {}).map(({ id }) => id)).toEqual(ids);
  });

  it("shows markdown without its marks", () => {
    const text = "# Returns\n1. Open **Your orders**, see [the guide](https://example.com)";
    expect(previewOf(text)).toBe("Returns Open Your orders, see the guide");
  });

  it("calls a conversation by what was said first and not taken back", () => {
    const [untitled] = [{ ...listed[0]!, title: null, first_message_preview: "old words" }];
    const titleIn = (records: ChatRecord[]) => {
      const thread = { ...EMPTY, records, loaded: true };
      return mergeConversations([untitled], [], { old: thread })[0]?.title;
    };
    expect(titleIn([])).toBe("Old words");
    expect(titleIn([message("m1", 1), message("m2", 2)])).toBe("Text of m1");
    const gone = message("m1", 1, { text: null, deleted: true });
    expect(titleIn([gone, reply("r1", 2), message("m2", 3)])).toBe("Text of m2");
    expect(titleIn([gone])).toBeNull();
    expect(mergeConversations(listed, [], {})[0]?.title).toBe("Old");
  });

  it("makes a title of the first words", () => {
    expect(titleOf("  where\nis it? ")).toBe("Where is it?");
    expect(titleOf("word ".repeat(40))).toHaveLength(60);
  });
});
