/** The list of conversations, page by page, merged with what this tab knows to be newer. */
import { api, body, type Conversation, type Page } from "@parley/contract";
import { useQueryClient } from "@parley/query";
import { useEffect, useMemo } from "react";

import { useChatState } from "../chat-provider";
import { mergeConversations } from "../state/conversations";
import { PAGE_SIZE, usePages, type Listed } from "./use-pages";

/** After the log has a new conversation the table follows within moments. */
const SETTLE_MS = 3_000;

export type ConversationList = Listed<Conversation>;

function fetchPage(before: string | null): Promise<Page<Conversation>> {
  const query = { limit: PAGE_SIZE, ...(before && { before }) };
  return body(api.GET("/api/chat/conversations", { params: { query } }));
}

export function useConversations(userId: string): ConversationList {
  const queries = useQueryClient();
  const { started, threads, status, wholes } = useChatState();
  const list = usePages(["conversations", userId], fetchPage);
  useEffect(() => {
    if (started.length === 0 && status !== "open") return;
    const refresh = () => void queries.invalidateQueries({ queryKey: ["conversations", userId] });
    const timer = setTimeout(refresh, SETTLE_MS);
    return () => clearTimeout(timer);
  }, [started.length, status, queries, userId]);
  const items = useMemo(
    () => mergeConversations(list.items, started, threads, wholes),
    [list.items, started, threads, wholes],
  );
  return { ...list, items };
}
