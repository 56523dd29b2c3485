/** The messages, oldest first, kept at the newest one unless the reader scrolled away. */
import type { Agent, ChatRecord, User } from "@parley/contract";
import { Button } from "antd";
import { ArrowDown } from "lucide-react";
import { Fragment, useEffect, useMemo } from "react";
import { useTranslation } from "react-i18next";

import { useChatClient, useChatState } from "../chat-provider";
import { reachOf } from "../state/changes";
import type { Pending } from "../state/outbox";
import type { Thread } from "../state/threads";
import { withoutReplaced } from "../state/timeline";
import { Announcer } from "./announcer";
import { Answering } from "./answering";
import { DraftView } from "./draft";
import { Joined } from "./joined";
import { OwnMessage, PendingMessage } from "./own-message";
import { PersonMessage } from "./person-message";
import { Reply } from "./reply";
import { dayName, dayOf, sameDay } from "./time";
import { TypingLine } from "./typing-line";
import { useUnreadLine } from "./use-unread-line";
import { useStickToBottom } from "./use-stick-to-bottom";

interface MessageLogProps {
  user: User;
  conversationId: string | undefined;
  thread: Thread | undefined;
  pending: Pending[];
  /** The own message that is being edited. */
  editing: string | null;
  onEditing: (messageId: string | null) => void;
}

/** A log that does not speak by itself; the announcer says what is worth saying. */
const LOG = { className: "chat-log", role: "log", "aria-live": "off" } as const;
const NOTHING: ChatRecord[] = [];
const NOBODY: readonly Agent[] = [];

/** Says that all of it was read, while the page is looked at. */
function useReading(conversationId: string | undefined, thread: Thread | undefined) {
  const client = useChatClient();
  const newest = thread?.records.at(-1)?.event_id;
  const joined = thread?.joined ?? false;
  useEffect(() => {
    if (!conversationId || !joined || !newest) return;
    const read = () => {
      if (document.visibilityState === "visible") client.markRead(conversationId);
    };
    read();
    document.addEventListener("visibilitychange", read);
    return () => document.removeEventListener("visibilitychange", read);
  }, [client, conversationId, joined, newest]);
}

export function MessageLog(props: MessageLogProps) {
  const { user, conversationId, thread, pending } = props;
  const { t } = useTranslation("chat");
  const records = useMemo(() => withoutReplaced(thread?.records ?? NOTHING), [thread?.records]);
  const line = useUnreadLine(conversationId, user.id, thread);
  const { serverAhead, drafts: all } = useChatState();
  const agents = thread?.agents ?? NOBODY;
  const drafts = Object.values(all).filter((draft) => draft.conversationId === conversationId);
  useReading(conversationId, thread);
  const last = pending.at(-1)?.client_message_id;
  const { box, content, away, unseen, onScroll, jump } = useStickToBottom({
    first: records[0]?.event_id,
    count: records.length,
    own: last ?? lastOwn(records, user.id),
  });
  const waiting = !thread?.loaded && pending.length === 0 && records.length === 0;
  return (
    <div className="chat-log-frame">
      {/* A scroll box must take focus, or the keyboard cannot scroll it. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div {...LOG} ref={box} aria-label={t("log.label")} tabIndex={0} onScroll={onScroll}>
        <div ref={content} className="chat-log-content">
          {conversationId && <Beginning conversationId={conversationId} thread={thread} />}
          {waiting && !thread?.problem && <LogSkeleton />}
          {records.map((record, index) => (
            <Fragment key={record.client_message_id ?? record.event_id}>
              {/* Who came before what is loaded stands with what was said then. */}
              {(index > 0 || !thread?.older) && (
                <Joined agents={agents} after={records[index - 1]} before={record} />
              )}
              <DaySeparator record={record} before={records[index - 1]} />
              {record.event_id === line && <UnreadLine />}
              <Entry {...props} record={record} />
            </Fragment>
          ))}
          {thread?.loaded && <Joined agents={agents} after={records.at(-1)} />}
          {pending.map((entry) => (
            <PendingMessage key={entry.client_message_id} entry={entry} />
          ))}
          {drafts.map((draft) => (
            <DraftView key={draft.question} draft={draft} />
          ))}
          {drafts.length === 0 && !isForeign(thread, user) && (
            <Answering
              records={records}
              pending={pending}
              userId={user.id}
              ahead={serverAhead}
              handover={thread?.handover}
            />
          )}
          <TypingLine conversationId={conversationId} thread={thread} userId={user.id} />
        </div>
      </div>
      {away && (
        <Button
          className="chat-latest"
          shape="round"
          icon={<ArrowDown aria-hidden size={16} />}
          onClick={jump}
        >
          {unseen > 0 ? t("log.latestCount", { count: unseen }) : t("log.latest")}
        </Button>
      )}
      <Announcer records={records} userId={user.id} />
    </div>
  );
}

function lastOwn(records: ChatRecord[], userId: string): string | undefined {
  const own = records.findLast((record) => record.sender.id === userId);
  return own?.client_message_id ?? own?.event_id;
}

/** Whether it is somebody else's, where one came in. */
function isForeign(thread: Thread | undefined, user: User): boolean {
  return Boolean(thread?.owner) && thread?.owner?.id !== user.id;
}

function Entry(props: MessageLogProps & { record: ChatRecord }) {
  const { record, user, thread, editing, onEditing } = props;
  if (record.sender.id !== user.id) {
    if (record.type === "message") return <PersonMessage record={record} userId={user.id} />;
    return <Reply record={record} userId={user.id} asks={!isForeign(thread, user)} />;
  }
  return (
    <OwnMessage
      record={record}
      reach={reachOf(record, thread, user.id)}
      editing={editing === record.message_id}
      onEditing={(on) => onEditing(on ? record.message_id : null)}
    />
  );
}

function Beginning({
  conversationId,
  thread,
}: {
  conversationId: string;
  thread: Thread | undefined;
}) {
  const { t } = useTranslation("chat");
  const client = useChatClient();
  if (thread?.problem) {
    return (
      <div className="chat-log-note" role="alert">
        {t("log.failed")}{" "}
        <Button size="small" onClick={() => client.reload(conversationId)}>
          {t("log.retry")}
        </Button>
      </div>
    );
  }
  if (!thread?.older) return null;
  return (
    <div className="chat-log-note">
      <Button loading={thread.loading} onClick={() => void client.loadOlder(conversationId)}>
        {t("log.older")}
      </Button>
    </div>
  );
}

function DaySeparator({ record, before }: { record: ChatRecord; before: ChatRecord | undefined }) {
  const { t } = useTranslation("chat");
  if (before && sameDay(before.occurred_at, record.occurred_at)) return null;
  const day = dayOf(record.occurred_at);
  const name = day === "earlier" ? dayName(record.occurred_at) : t(`log.${day}`);
  return <p className="chat-day">{name}</p>;
}

function UnreadLine() {
  const { t } = useTranslation("chat");
  return (
    <p className="chat-unread" role="note">
      {t("log.unread")}
    </p>
  );
}

function LogSkeleton() {
  const { t } = useTranslation("chat");
  return (
    <div className="chat-log-skeleton" role="status" aria-label={t("log.loading")}>
      <span />
      <span />
      <span />
    </div>
  );
}
