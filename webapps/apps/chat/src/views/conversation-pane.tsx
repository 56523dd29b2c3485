/** One conversation: its header, its messages, and where the next one is written. */
import type { User } from "@parley/contract";
import { Link } from "@parley/router";
import { usePageTitle } from "@parley/ui";
import { Button } from "antd";
import { PanelLeft, SquarePen } from "lucide-react";
import { useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { useChatClient, useChatState } from "../chat-provider";
import { Banner } from "./banner";
import { Composer, type ComposerHandle } from "./composer";
import { CallPerson, HandledBanner } from "./handled";
import { MessageLog } from "./message-log";
import { People } from "./people";
import { Refusal } from "./refusal";
import { Missing } from "./missing";
import { Welcome } from "./welcome";

interface PaneProps {
  user: User;
  basename: string;
  conversationId: string | undefined;
  draftId: string;
  title: string | null | undefined;
  /** It is somebody else's, and to be come into. */
  enter: boolean;
  /** Given where the list is out of sight. */
  onShowList: (() => void) | undefined;
}

/** Messages of this view that the log does not hold yet. */
function usePending(conversationId: string | undefined, draftId: string) {
  const { outbox, threads } = useChatState();
  return useMemo(() => {
    const records = conversationId ? (threads[conversationId]?.records ?? []) : [];
    const onLog = new Set(records.map((record) => record.client_message_id));
    return outbox.filter(
      (entry) =>
        !onLog.has(entry.client_message_id) &&
        (conversationId
          ? entry.conversation_id === conversationId
          : entry.conversation_id === null && entry.client_conversation_id === draftId),
    );
  }, [outbox, threads, conversationId, draftId]);
}

export function ConversationPane(props: PaneProps) {
  const { user, basename, conversationId, draftId, title, enter } = props;
  const { t } = useTranslation("chat");
  const client = useChatClient();
  const { threads, messageChars } = useChatState();
  const pending = usePending(conversationId, draftId);
  const composer = useRef<ComposerHandle>(null);
  const [editing, setEditing] = useState<string | null>(null);
  const thread = conversationId ? threads[conversationId] : undefined;
  const fresh = !conversationId && pending.length === 0;
  const owner = thread?.owner && thread.owner.id !== user.id ? thread.owner : null;
  const untitled = owner ? t("desk.of", { name: owner.name ?? t("somebody") }) : t("untitled");
  const heading = fresh ? t("list.new") : (title ?? untitled);
  usePageTitle(heading);

  useEffect(() => {
    if (!conversationId) return;
    if (enter) void client.enter(conversationId);
    else client.open(conversationId);
    return () => client.close(conversationId);
  }, [client, conversationId, enter]);

  const send = (text: string) =>
    client.send(text, conversationId ? { conversationId } : { clientConversationId: draftId });

  const editLast = () => {
    const mine = thread?.records.findLast(
      (record) => record.sender.id === user.id && record.text !== null,
    );
    if (mine) setEditing(mine.message_id);
  };
  const endEditing = (messageId: string | null) => {
    setEditing(messageId);
    if (messageId === null) composer.current?.focus();
  };

  if (thread?.missing) return <Missing basename={basename} onShowList={props.onShowList} />;
  return (
    <section className="chat-pane" aria-label={heading}>
      <PaneHeader {...props} heading={fresh ? null : heading}>
        <CallPerson
          conversationId={conversationId}
          handover={thread?.handover}
          asAgent={owner !== null}
        />
      </PaneHeader>
      {thread && <People thread={thread} userId={user.id} />}
      <Banner />
      <HandledBanner
        conversationId={conversationId}
        handover={thread?.handover}
        agents={thread?.agents}
        asAgent={owner !== null}
      />
      <Refusal />
      {fresh ? (
        <Welcome name={user.name} onChoose={(text) => composer.current?.suggest(text)} />
      ) : (
        <MessageLog
          user={user}
          conversationId={conversationId}
          thread={thread}
          pending={pending}
          editing={editing}
          onEditing={endEditing}
        />
      )}
      <Composer
        ref={composer}
        draftKey={`parley.draft.${user.id}.${conversationId ?? "new"}`}
        limit={messageChars}
        onSend={send}
        onEditLast={editLast}
        to={owner ? (owner.name ?? t("somebody")) : undefined}
        onTyping={(active) => conversationId && client.typing(conversationId, active)}
      />
    </section>
  );
}

function PaneHeader(
  props: Pick<PaneProps, "basename" | "onShowList"> & {
    heading: string | null;
    children: ReactNode;
  },
) {
  const { t } = useTranslation("chat");
  const { basename, onShowList, heading } = props;
  if (!heading && !onShowList) return null;
  return (
    <header className="chat-head">
      {onShowList && (
        <Button
          type="text"
          aria-label={t("list.open")}
          icon={<PanelLeft aria-hidden size={20} />}
          onClick={onShowList}
        />
      )}
      {heading ? <h1>{heading}</h1> : <p>{t("list.new")}</p>}
      {props.children}
      {onShowList && heading && (
        <Link to={basename || "/"} className="chat-head-new" aria-label={t("list.new")}>
          <SquarePen aria-hidden size={18} />
        </Link>
      )}
    </header>
  );
}
