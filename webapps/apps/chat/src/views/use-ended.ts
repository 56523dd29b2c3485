/** Whether a conversation has ended: what says something is then not offered any more. */
import { useSyncExternalStore } from "react";

import { useChatClient } from "../chat-provider";

export function useEnded(conversationId: string | undefined): boolean {
  const client = useChatClient();
  return useSyncExternalStore(client.subscribe, () =>
    conversationId ? (client.getState().wholes[conversationId]?.ended ?? false) : false,
  );
}
