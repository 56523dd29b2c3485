/** What waits for a person: as the server listed it, brought up to date with what was heard since. */
import type { Waiting } from "@parley/contract";

import { mergeAgents } from "./agents";
import { withPerson } from "./handover";
import type { Thread } from "./threads";
import { timeKey } from "./timeline";
import type { ById } from "./wholes";

function brought(item: Waiting, thread: Thread | undefined): Waiting | null {
  if (!thread) return item;
  const { handover } = thread;
  const later = handover && timeKey(handover.occurred_at) > timeKey(item.handled_since);
  if (later && !withPerson(handover)) return null;
  return { ...item, agents: [...mergeAgents(item.agents, thread.agents)] };
}

export function mergeDesk(
  listed: readonly Waiting[],
  threads: Readonly<Record<string, Thread>>,
  wholes: ById = {},
): Waiting[] {
  return listed
    .filter(({ id }) => !wholes[id]?.ended && !wholes[id]?.deleted)
    .flatMap((item) => brought(item, threads[item.id]) ?? []);
}
