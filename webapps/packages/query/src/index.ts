/** The part of react-query the apps use, shared at run time so that there is one cache. */
export {
  QueryClient,
  QueryClientProvider,
  useInfiniteQuery,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
export type { InfiniteData } from "@tanstack/react-query";
