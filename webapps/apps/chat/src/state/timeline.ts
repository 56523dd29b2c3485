/** The order of a conversation, the same for everyone: by (occurred_at, event_id), no repeats. */
import type { ChatRecord } from "@parley/contract";

/** Pads the fraction, because "…:05Z" must sort before "…:05.1Z" and text order says otherwise. */
export function timeKey(occurredAt: string): string {
  const [, seconds = occurredAt, fraction = ""] =
    /^(.{19})(?:\.(\d+))?(?:Z|\+00:00)$/.exec(occurredAt) ?? [];
  return `${seconds}.${fraction.padEnd(6, "0")}`;
}

export function compareRecords(one: ChatRecord, other: ChatRecord): number {
  const left = timeKey(one.occurred_at);
  const right = timeKey(other.occurred_at);
  if (left !== right) return left < right ? -1 : 1;
  if (one.event_id === other.event_id) return 0;
  return one.event_id < other.event_id ? -1 : 1;
}

/** The same array when nothing was new, so that nothing renders again. */
export function mergeRecords(known: ChatRecord[], more: ChatRecord[]): ChatRecord[] {
  const seen = new Set(known.map((record) => record.event_id));
  const fresh = more.filter((record) => {
    if (seen.has(record.event_id)) return false;
    seen.add(record.event_id);
    return true;
  });
  if (fresh.length === 0) return known;
  return [...known, ...fresh].sort(compareRecords);
}

/** Newest position per log; positions are opaque, only a plain larger number is compared. */
export function notePosition(positions: Map<string, string>, at: string | undefined): void {
  if (!at) return;
  const [log = "", offset = ""] = at.split(":", 2);
  const known = positions.get(log)?.split(":", 2)[1];
  if (known !== undefined && Number(known) > Number(offset)) return;
  positions.set(log, at);
}

/** Of the answers to one question only the newest, which took the place of the others. */
export function withoutReplaced(records: ChatRecord[]): ChatRecord[] {
  const newest = new Map<string, string>();
  for (const record of records) {
    if (record.type === "reply") newest.set(record.in_reply_to, record.event_id);
  }
  const shown = records.filter(
    (record) => record.type !== "reply" || newest.get(record.in_reply_to) === record.event_id,
  );
  return shown.length === records.length ? records : shown;
}

/** The newest own message no reply answers yet, or null. */
export function unansweredMessage(records: ChatRecord[], userId: string): string | null {
  const answered = new Set<string>();
  for (let index = records.length - 1; index >= 0; index -= 1) {
    const record = records[index];
    if (record?.type === "reply") answered.add(record.in_reply_to);
    else if (record?.sender.id === userId) {
      return answered.has(record.message_id) ? null : record.message_id;
    }
  }
  return null;
}
