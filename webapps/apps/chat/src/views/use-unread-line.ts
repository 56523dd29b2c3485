/** Where what is new begins: above what came since the reader was last here. */
import type { ChatRecord } from "@parley/contract";
import { useEffect, useEffectEvent, useState } from "react";

import type { ReadMarks } from "../state/changes";
import type { Thread } from "../state/threads";
import { timeKey } from "../state/timeline";

/** The first message of others behind one's own read mark; without a mark one was never here. */
export function firstUnread(records: ChatRecord[], marks: ReadMarks, userId: string): string | null {
  const mark = marks[userId];
  if (!mark) return null;
  const seen = timeKey(mark.up_to);
  const behind = (record: ChatRecord) =>
    record.sender.id !== userId && timeKey(record.occurred_at) > seen;
  return records.find(behind)?.event_id ?? null;
}

/**
 * The line is drawn when the conversation is opened, when what was missed has come, and whenever
 * the page is looked at again. Then it stays: reading moves the mark, and a line that follows it
 * would never be seen.
 */
export function useUnreadLine(
  conversationId: string | undefined,
  userId: string,
  thread: Thread | undefined,
): string | null {
  const [line, setLine] = useState<string | null>(null);
  const { loaded = false, current = false } = thread ?? {};
  const find = useEffectEvent(() =>
    thread && document.visibilityState === "visible"
      ? firstUnread(thread.records, thread.marks, userId)
      : null,
  );
  useEffect(() => {
    if (!loaded) return;
    const come = () => {
      const found = find();
      setLine((known) => found ?? known);
    };
    come();
  }, [conversationId, loaded, current]);
  useEffect(() => {
    const look = () => document.visibilityState === "visible" && setLine(find());
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, []);
  return line;
}
