/** One conversation: its header, its messages, and where the next one is written. */
import type { Handover, Person, User } from "@parley/contract";
import { Link, useNavigate } from "@parley/router";
import { usePageTitle } from "@parley/ui";
import { Button } from "antd";
import { PanelLeft, SquarePen } from "lucide-react";
import { useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { useChatClient, useChatState } from "../chat-provider";
import { Banner } from "./banner";
import { Composer, type ComposerHandle } from "./composer";
import { ConversationMenu } from "./conversation-menu";
import { Ended } from "./ended";
import { CallPerson, HandledBanner } from "./handled";
import { MessageLog } from "./message-log";
import { People } from "./people";
import { Refusal } from "./refusal";
import { Missing } from "./missing";
import { useEnded } from "./use-ended";
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

/** Shows the conversation for as long as the view is there. */
function useShown(conversationId: string | undefined, enter: boolean): void {
  const client = useChatClient();
  useEffect(() => {
    if (!conversationId) return;
    if (enter) void client.enter(conversationId);
    else client.open(conversationId);
    return () => client.close(conversationId);
  }, [client, conversationId, enter]);
}

function useHeading(props: PaneProps, fresh: boolean, owner: Person | null): string {
  const { t } = useTranslation("chat");
  const { wholes } = useChatState();
  if (fresh) return t("list.new");
  const whole = props.conversationId ? wholes[props.conversationId] : undefined;
  const untitled = owner ? t("desk.of", { name: owner.name ?? t("somebody") }) : t("untitled");
  return props.title ?? whole?.title?.text ?? untitled;
}

export function ConversationPane(props: PaneProps) {
  const { user, basename, conversationId, draftId, enter } = props;
  const { t } = useTranslation("chat");
  const client = useChatClient();
  const { threads, messageChars } = useChatState();
  const ended = useEnded(conversationId);
  const pending = usePending(conversationId, draftId);
  const composer = useRef<ComposerHandle>(null);
  const [editing, setEditing] = useState<string | null>(null);
  const thread = conversationId ? threads[conversationId] : undefined;
  const fresh = !conversationId && pending.length === 0;
  const owner = thread?.owner && thread.owner.id !== user.id ? thread.owner : null;
  const heading = useHeading(props, fresh, owner);
  usePageTitle(heading);
  useShown(conversationId, enter);

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
        <Actions {...props} handover={thread?.handover} title={heading} asAgent={owner !== null} />
      </PaneHeader>
      {thread && <People thread={thread} userId={user.id} />}
      <Banner />
      {!ended && (
        <HandledBanner
          conversationId={conversationId}
          handover={thread?.handover}
          agents={thread?.agents}
          asAgent={owner !== null}
        />
      )}
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
      {ended ? (
        <Ended basename={basename} />
      ) : (
        <Composer
          ref={composer}
          draftKey={`parley.draft.${user.id}.${conversationId ?? "new"}`}
          limit={messageChars}
          onSend={send}
          onEditLast={editLast}
          to={owner ? (owner.name ?? t("somebody")) : undefined}
          onTyping={(active) => conversationId && client.typing(conversationId, active)}
        />
      )}
    </section>
  );
}

/** What can be done with the conversation as a whole: agents may call, and end nothing. */
function Actions(
  props: Pick<PaneProps, "basename" | "conversationId"> & {
    handover: Handover | null | undefined;
    title: string;
    asAgent: boolean;
  },
) {
  const { basename, conversationId, handover, title, asAgent } = props;
  const navigate = useNavigate();
  const ended = useEnded(conversationId);
  return (
    <>
      {!ended && (
        <CallPerson conversationId={conversationId} handover={handover} asAgent={asAgent} />
      )}
      {conversationId && !asAgent && (
        <ConversationMenu
          id={conversationId}
          title={title}
          ended={ended}
          onDeleted={() => void navigate(basename || "/")}
        />
      )}
    </>
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
