/** What another person said: a colleague who came in, or whose conversation it is. */
import type { ChatRecord } from "@parley/contract";
import { memo } from "react";
import { useTranslation } from "react-i18next";

import { DeletedMessage } from "./own-message";
import { AddReaction, Reactions } from "./reactions";
import { clockTime } from "./time";

interface PersonMessageProps {
  record: ChatRecord;
  userId: string;
}

export const PersonMessage = memo(function PersonMessage({ record, userId }: PersonMessageProps) {
  const { t } = useTranslation("chat");
  const { text, sender, occurred_at: at } = record;
  if (text === null) return <DeletedMessage own={false} at={at} />;
  return (
    <article className="chat-reply chat-person" data-kind={sender.kind} aria-label={sender.name}>
      <span className="chat-initial" aria-hidden>
        {[...sender.name][0]?.toUpperCase()}
      </span>
      <div className="chat-reply-body">
        <div className="chat-card">
          <p className="chat-plain">{text}</p>
        </div>
        <Reactions record={record} userId={userId} />
        <footer className="chat-meta">
          <span>{sender.name}</span>
          {sender.kind === "agent" && <span className="chat-badge">{t("message.colleague")}</span>}
          {record.edited_at && <span>{t("message.edited")}</span>}
          <time dateTime={at}>{clockTime(at)}</time>
          <span className="chat-actions">
            <AddReaction record={record} />
          </span>
        </footer>
      </div>
    </article>
  );
});
