/** Who came into a conversation besides its owner: a set, made of history and of what is heard. */
import type { Agent, ConversationJoinedFrame, User } from "@parley/contract";

import { timeKey } from "./timeline";

/** The roles of people who may answer in the conversations of others. */
const ROLES: readonly string[] = ["agent", "admin"];

export const isAgent = ({ role }: Pick<User, "role">): boolean => ROLES.includes(role);

export function agentOf({ sender, occurred_at }: ConversationJoinedFrame): Agent {
  return { id: sender.id, name: sender.name, joined_at: occurred_at };
}

/** Who came since; one who came earlier may come back without a word. */
export function cameSince(agents: readonly Agent[], since: string): readonly Agent[] {
  return agents.filter(({ joined_at: at }) => timeKey(at) >= timeKey(since));
}

/** The same array when nobody is new; in the order in which they came. */
export function mergeAgents(known: readonly Agent[], more: readonly Agent[]): readonly Agent[] {
  const ids = new Set(known.map(({ id }) => id));
  const fresh = more.filter(({ id }) => !ids.has(id));
  if (fresh.length === 0) return known;
  return [...known, ...fresh].sort((one, other) =>
    timeKey(one.joined_at) < timeKey(other.joined_at) ? -1 : 1,
  );
}
