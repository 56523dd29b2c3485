/** A list that the server gives page by page. */
import type { Page } from "@parley/contract";
import { useInfiniteQuery } from "@parley/query";
import { useMemo } from "react";

export const PAGE_SIZE = 30;

/** A list as far as it is loaded. */
export interface Listed<Item> {
  items: Item[];
  loading: boolean;
  failed: boolean;
  more: (() => void) | null;
  retry: () => void;
}

interface Options {
  enabled?: boolean;
  refetchInterval?: number;
}

export function usePages<Item>(
  queryKey: readonly string[],
  fetchPage: (cursor: string | null) => Promise<Page<Item>>,
  options: Options = {},
): Listed<Item> {
  const list = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam }) => fetchPage(pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    ...options,
  });
  const items = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  return {
    items,
    loading: list.isPending,
    failed: list.isError,
    more: list.hasNextPage ? () => void list.fetchNextPage() : null,
    retry: () => void list.refetch(),
  };
}
