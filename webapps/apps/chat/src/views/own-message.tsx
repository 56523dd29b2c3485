/** A message of one's own: on the log, on its way, or refused. */
import type { ChatRecord } from "@parley/contract";
import { Button, Popconfirm } from "antd";
import {
  Ban,
  Check,
  CheckCheck,
  CircleAlert,
  Clock,
  Pencil,
  Trash2,
} from "lucide-react";
import { useTranslation } from "react-i18next";

import { useChatClient, useChatState } from "../chat-provider";
import type { Reach } from "../state/changes";
import type { Pending } from "../state/outbox";
import { EditForm } from "./edit-form";
import { AddReaction, Reactions } from "./reactions";
import { clockTime } from "./time";
import { useEnded } from "./use-ended";

function Tick({ reach }: { reach: Reach }) {
  const { t } = useTranslation("chat");
  const Icon = reach === "sent" ? Check : CheckCheck;
  return (
    <span className="chat-state" data-state={reach} role="img" aria-label={t(`message.${reach}`)}>
      <Icon aria-hidden size={14} />
    </span>
  );
}

interface OwnMessageProps {
  record: ChatRecord;
  /** How far it has come to others. */
  reach: Reach;
  editing: boolean;
  /** Opens the form for other words, or closes it. */
  onEditing: (on: boolean) => void;
}

export function OwnMessage({ record, reach, editing, onEditing }: OwnMessageProps) {
  const { t } = useTranslation("chat");
  const client = useChatClient();
  const { messageChars } = useChatState();
  const { text, occurred_at: at, sender } = record;
  if (text === null) return <DeletedMessage own at={at} />;
  return (
    <article className="chat-own" aria-label={t("message.you")}>
      {editing ? (
        <EditForm
          text={text}
          limit={messageChars}
          onCancel={() => onEditing(false)}
          onSave={(words) => {
            client.edit(record, words);
            onEditing(false);
          }}
        />
      ) : (
        <p className="chat-bubble">{text}</p>
      )}
      <Reactions record={record} userId={sender.id} />
      <footer className="chat-meta">
        {!editing && <OwnActions record={record} onEdit={() => onEditing(true)} />}
        {record.edited_at && <span>{t("message.edited")}</span>}
        <time dateTime={at}>{clockTime(at)}</time>
        <Tick reach={reach} />
      </footer>
    </article>
  );
}

function OwnActions({ record, onEdit }: { record: ChatRecord; onEdit: () => void }) {
  const { t } = useTranslation("chat");
  const client = useChatClient();
  const ended = useEnded(record.conversation_id);
  return (
    <span className="chat-actions">
      <AddReaction record={record} />
      {!ended && (
        <button
          type="button"
          className="chat-action"
          aria-label={t("edit.start")}
          onClick={onEdit}
        >
          <Pencil aria-hidden size={15} />
        </button>
      )}
      <Popconfirm
        title={t("delete.title")}
        description={t("delete.body")}
        okText={t("delete.yes")}
        cancelText={t("delete.no")}
        okButtonProps={{ danger: true }}
        onConfirm={() => client.delete(record)}
      >
        <button type="button" className="chat-action" aria-label={t("delete.start")}>
          <Trash2 aria-hidden size={15} />
        </button>
      </Popconfirm>
    </span>
  );
}

/** What is left of a message that its author took back. */
export function DeletedMessage({ own, at }: { own: boolean; at: string }) {
  const { t } = useTranslation("chat");
  return (
    <article
      className={own ? "chat-own" : "chat-deleted-other"}
      aria-label={own ? t("message.you") : t("message.other")}
    >
      <p className="chat-deleted">
        <Ban aria-hidden size={14} /> {t("message.deleted")}
      </p>
      <footer className="chat-meta">
        <time dateTime={at}>{clockTime(at)}</time>
      </footer>
    </article>
  );
}

export function PendingMessage({ entry }: { entry: Pending }) {
  const { t } = useTranslation("chat");
  return (
    <article className="chat-own" aria-label={t("message.you")} data-pending={entry.state}>
      <p className="chat-bubble">{entry.text}</p>
      {entry.state === "failed" ? (
        <Failure entry={entry} />
      ) : (
        <footer className="chat-meta">
          <time dateTime={entry.created_at}>{clockTime(entry.created_at)}</time>
          <Progress state={entry.state} />
        </footer>
      )}
    </article>
  );
}

function Progress({ state }: { state: Pending["state"] }) {
  const { t } = useTranslation("chat");
  if (state === "sent") return <Tick reach="sent" />;
  return (
    <span className="chat-state" data-state={state} role="img" aria-label={t(`message.${state}`)}>
      <Clock aria-hidden size={13} />
    </span>
  );
}

function Failure({ entry }: { entry: Pending }) {
  const { t, i18n } = useTranslation("chat");
  const client = useChatClient();
  const code = entry.failure?.code ?? "other";
  const known = i18n.exists(`message.reason.${code}`, { ns: "chat" });
  const reason = known
    ? t(`message.reason.${code}`)
    : entry.failure?.detail || t("message.reason.other");
  return (
    <footer className="chat-failure" role="alert">
      <span>
        <CircleAlert aria-hidden size={15} />
        {t("message.failed")}. {reason}
      </span>
      <Button size="small" onClick={() => client.retry(entry.client_message_id)}>
        {t("message.retry")}
      </Button>
      <Button size="small" type="text" onClick={() => client.discard(entry.client_message_id)}>
        {t("message.discard")}
      </Button>
    </footer>
  );
}
