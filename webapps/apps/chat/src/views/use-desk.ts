/** What waits for a person, for agents: page by page, and anew when something was heard. */
import { api, body, type Page, type User, type Waiting } from "@parley/contract";
import { useQueryClient } from "@parley/query";
import { useEffect, useMemo } from "react";

import { useChatState } from "../chat-provider";
import { isAgent } from "../state/agents";
import { mergeDesk } from "../state/desk";
import { PAGE_SIZE, usePages, type Listed } from "./use-pages";

/** The log is heard before the table knows: asked soon, and once more when it surely does. */
const SETTLE_MS = [300, 3_000];
/** Nobody here hears of it when a conversation ends that nobody came into. */
const REFRESH_MS = 30_000;

export type Desk = Listed<Waiting>;

function fetchPage(after: string | null): Promise<Page<Waiting>> {
  const query = { limit: PAGE_SIZE, ...(after && { after }) };
  return body(api.GET("/api/chat/handovers", { params: { query } }));
}

/** Null for people who are no agents. */
export function useDesk(user: User): Desk | null {
  const queries = useQueryClient();
  const { deskNews, threads, wholes } = useChatState();
  const enabled = isAgent(user);
  const list = usePages(["desk", user.id], fetchPage, { enabled, refetchInterval: REFRESH_MS });
  useEffect(() => {
    if (!enabled || deskNews === 0) return;
    const refresh = () => void queries.invalidateQueries({ queryKey: ["desk", user.id] });
    const timers = SETTLE_MS.map((delay) => setTimeout(refresh, delay));
    return () => timers.forEach(clearTimeout);
  }, [enabled, deskNews, queries, user.id]);
  const items = useMemo(
    () => mergeDesk(list.items, threads, wholes),
    [list.items, threads, wholes],
  );
  return enabled ? { ...list, items } : null;
}
