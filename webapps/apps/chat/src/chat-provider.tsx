/** Gives the views the chat client of the signed-in person, wired to the browser. */
import { api, body, newId, session, type ChatRecord, type HistoryPage } from "@parley/contract";
import {
  createContext,
  useContext,
  useEffect,
  useState,
  useSyncExternalStore,
  type ReactNode,
} from "react";

import { watchIdle } from "./idle";
import { Connection, type SocketLike } from "./socket/connection";
import { ChatClient } from "./state/chat-client";
import type { ChatState } from "./state/chat-state";

const Context = createContext<ChatClient | null>(null);
const PAGE_SIZE = 50;

function fetchHistory(conversationId: string, before?: string): Promise<HistoryPage<ChatRecord>> {
  return body(
    api.GET("/api/chat/conversations/{conversation_id}/messages", {
      params: {
        path: { conversation_id: conversationId },
        query: { limit: PAGE_SIZE, ...(before && { before }) },
      },
    }),
  );
}

async function joinAsAgent(conversationId: string): Promise<void> {
  const params = { path: { conversation_id: conversationId } };
  await api.PUT("/api/chat/conversations/{conversation_id}/agents/me", { params });
}

function browserClient(userId: string): ChatClient {
  return new ChatClient({
    userId,
    history: fetchHistory,
    change: (conversation_id, change) =>
      body(
        api.PUT("/api/chat/conversations/{conversation_id}", {
          params: { path: { conversation_id } },
          body: change,
        }),
      ),
    remove: (conversation_id) =>
      body(
        api.DELETE("/api/chat/conversations/{conversation_id}", {
          params: { path: { conversation_id } },
        }),
      ),
    joinAsAgent,
    slot: sessionStorage,
    newId,
    now: () => new Date(),
    connect: (listener) =>
      new Connection(
        {
          ticket: () => body(api.POST("/api/auth/socket-ticket")),
          open: (url, subprotocol) => new WebSocket(url, subprotocol) as SocketLike,
          reauthenticate: async () => (await session.refresh()) !== null,
          revoked: () => void session.revoked(),
          online: () => navigator.onLine,
          random: Math.random,
        },
        listener,
      ),
  });
}

export function ChatProvider({ userId, children }: { userId: string; children: ReactNode }) {
  const [client] = useState(() => browserClient(userId));
  useEffect(() => {
    const hurry = () => client.hurry();
    const lost = () => client.lostNetwork();
    const woken = () => document.visibilityState === "visible" && client.hurry();
    window.addEventListener("online", hurry);
    window.addEventListener("offline", lost);
    document.addEventListener("visibilitychange", woken);
    const watched = watchIdle((idle) => client.setIdle(idle));
    client.start();
    return () => {
      client.stop();
      watched();
      window.removeEventListener("online", hurry);
      window.removeEventListener("offline", lost);
      document.removeEventListener("visibilitychange", woken);
    };
  }, [client]);
  return <ProvideChat client={client}>{children}</ProvideChat>;
}

/** The same for a client that is there already. */
export function ProvideChat({ client, children }: { client: ChatClient; children: ReactNode }) {
  return <Context value={client}>{children}</Context>;
}

export function useChatClient(): ChatClient {
  const client = useContext(Context);
  if (!client) throw new Error("useChatClient needs a ChatProvider");
  return client;
}

export function useChatState(): ChatState {
  const client = useChatClient();
  return useSyncExternalStore(client.subscribe, client.getState);
}
