/** The list of conversations, page by page, merged with what this tab knows to be newer. */
import { api, body, type Conversation, type Page } from "@parley/contract";
import { useInfiniteQuery, useQueryClient } from "@parley/query";
import { useEffect, useMemo } from "react";

import { useChatState } from "../chat-provider";
import { mergeConversations } from "../state/conversations";

const PAGE_SIZE = 30;
/** After the log has a new conversation the table follows within moments. */
const SETTLE_MS = 3_000;

export interface ConversationList {
  items: Conversation[];
  loading: boolean;
  failed: boolean;
  more: (() => void) | null;
  retry: () => void;
}

function fetchPage(before: string | null): Promise<Page<Conversation>> {
  const query = { limit: PAGE_SIZE, ...(before && { before }) };
  return body(api.GET("/api/chat/conversations", { params: { query } }));
}

export function useConversations(userId: string): ConversationList {
  const queries = useQueryClient();
  const { started, threads, status, wholes } = useChatState();
  const list = useInfiniteQuery({
    queryKey: ["conversations", userId],
    queryFn: ({ pageParam }) => fetchPage(pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });
  useEffect(() => {
    if (started.length === 0 && status !== "open") return;
    const refresh = () => void queries.invalidateQueries({ queryKey: ["conversations", userId] });
    const timer = setTimeout(refresh, SETTLE_MS);
    return () => clearTimeout(timer);
  }, [started.length, status, queries, userId]);
  const listed = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  const items = useMemo(
    () => mergeConversations(listed, started, threads, wholes),
    [listed, started, threads, wholes],
  );
  return {
    items,
    loading: list.isPending,
    failed: list.isError,
    more: list.hasNextPage ? () => void list.fetchNextPage() : null,
    retry: () => void list.refetch(),
  };
}
