/** Who answers in a conversation: the latest hand-over says so, in whatever order they are heard. */
import type { ChatRecord, Handover, HandoverFrame } from "@parley/contract";

import { timeKey } from "./timeline";

const rankOf = ({ occurred_at, event_id }: Handover): string =>
  `${timeKey(occurred_at)} ${event_id}`;

/** The same object when nothing later was heard. */
export function laterHandover(
  known: Handover | null,
  heard: Handover | null | undefined,
): Handover | null {
  if (!heard || (known && rankOf(known) >= rankOf(heard))) return known;
  return heard;
}

export function handoverOf({ to, occurred_at, event_id, note }: HandoverFrame): Handover {
  return { to, occurred_at, event_id, note: note ?? null };
}

/** Whether a person answers, and the assistant is silent. */
export function withPerson(handover: Handover | null | undefined): boolean {
  return handover?.to === "agent";
}

/** Whether the assistant is still to answer what was said: neither now nor then a person's. */
export function isAssistants(record: ChatRecord, handover: Handover | null | undefined): boolean {
  if (!handover) return true;
  return !withPerson(handover) && timeKey(record.occurred_at) > timeKey(handover.occurred_at);
}
