/** The page: conversations on the left (a drawer where it is narrow), the open one beside them. */
import { newId, type User } from "@parley/contract";
import { useLocation, useNavigate, useParams } from "@parley/router";
import { useMediaQuery } from "@parley/ui";
import { Drawer } from "antd";
import { useCallback, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";

import { useChatClient, useChatState } from "../chat-provider";
import { ConversationPane } from "./conversation-pane";
import { deskTitle, type ENTER } from "./desk-list";
import { Sidebar } from "./sidebar";
import { useConversations } from "./use-conversations";
import { useDesk } from "./use-desk";

/** The conversation about to start: its client id is made before the server knows of it. */
function useDraftConversation(basename: string, showing: string | undefined) {
  const client = useChatClient();
  const navigate = useNavigate();
  const { outbox } = useChatState();
  const waiting = outbox.find((entry) => entry.conversation_id === null)?.client_conversation_id;
  const [draftId, setDraftId] = useState(() => waiting ?? newId());
  const [views, setViews] = useState<Readonly<Record<string, string>>>({});
  useEffect(
    () =>
      client.onStarted((clientId, id) => {
        if (clientId !== draftId) return;
        setViews((known) => ({ ...known, [id]: clientId }));
        setDraftId(newId());
        if (!showing) void navigate(`${basename}/${id}`, { replace: true });
      }),
    [client, draftId, showing, basename, navigate],
  );
  // The view keeps its key while its conversation gets an id, so the composer keeps its focus.
  return { draftId, viewKey: showing ? (views[showing] ?? showing) : draftId };
}

export function ChatPage({ basename, user }: { basename: string; user: User }) {
  const { t } = useTranslation("chat");
  const { conversationId } = useParams();
  const narrow = useMediaQuery("(max-width: 767px)");
  const [drawer, setDrawer] = useState(false);
  const closeDrawer = useCallback(() => setDrawer(false), []);
  const conversations = useConversations(user.id);
  const desk = useDesk(user);
  const { enter = false } = (useLocation().state ?? {}) as Partial<typeof ENTER>;
  const waiting = desk?.items.find((item) => item.id === conversationId);
  const listed = conversations.items.find((item) => item.id === conversationId);
  const { draftId, viewKey } = useDraftConversation(basename, conversationId);
  const sidebar = (
    <Sidebar
      basename={basename}
      current={conversationId}
      conversations={conversations}
      desk={desk}
      userId={user.id}
      onChosen={closeDrawer}
    />
  );
  return (
    <div className="chat-page">
      {narrow ? (
        <Drawer
          placement="left"
          size={320}
          open={drawer}
          onClose={closeDrawer}
          title={t("list.title")}
          styles={{ body: { padding: 0 } }}
        >
          {sidebar}
        </Drawer>
      ) : (
        <aside className="chat-side">{sidebar}</aside>
      )}
      <ConversationPane
        key={viewKey}
        user={user}
        basename={basename}
        conversationId={conversationId}
        draftId={draftId}
        title={listed?.title ?? (waiting && deskTitle(waiting))}
        enter={enter}
        onShowList={narrow ? () => setDrawer(true) : undefined}
      />
    </div>
  );
}
