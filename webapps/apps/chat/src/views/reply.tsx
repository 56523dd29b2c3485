/** An answer: its text, who gave it, and on demand why it is this one. */
import type { ChatRecord } from "@parley/contract";
import { ChevronDown } from "lucide-react";
import { lazy, memo, Suspense, useId, useState } from "react";
import { useTranslation } from "react-i18next";

import { AssistantMark } from "./assistant-mark";
import { DeletedMessage } from "./own-message";
import { AddReaction, Reactions } from "./reactions";
import { ReplyDetails } from "./reply-details";
import { Regenerate, ReplyOrigin } from "./reply-origin";
import { ReplyRating } from "./reply-rating";
import { clockTime } from "./time";

const Markdown = lazy(() => import("./markdown"));

interface ReplyProps {
  record: ChatRecord;
  userId: string;
  /** The assistant answers this reader's questions here, so another answer may be asked for. */
  asks?: boolean;
}

export const Reply = memo(function Reply({ record, userId, asks = true }: ReplyProps) {
  const { t } = useTranslation("chat");
  const [open, setOpen] = useState(false);
  const panel = useId();
  const name = record.sender.name || t("assistant");
  if (record.text === null) return <DeletedMessage own={false} at={record.occurred_at} />;
  return (
    <article className="chat-reply" aria-label={name}>
      <AssistantMark />
      <div className="chat-reply-body">
        <div className="chat-card">
          <Suspense fallback={<p className="chat-plain">{record.text}</p>}>
            <Markdown text={record.text} />
          </Suspense>
        </div>
        <Reactions record={record} userId={userId} />
        <footer className="chat-meta">
          <span>{name}</span>
          {record.edited_at && <span>{t("message.edited")}</span>}
          <time dateTime={record.occurred_at}>{clockTime(record.occurred_at)}</time>
          {record.type === "reply" && <ReplyOrigin reply={record} />}
          {record.type === "reply" && (
            <button
              type="button"
              className="chat-toggle"
              aria-expanded={open}
              aria-controls={panel}
              onClick={() => setOpen(!open)}
            >
              {t("details.show")}
              <ChevronDown aria-hidden size={14} />
            </button>
          )}
          {record.type === "reply" && asks && <Regenerate reply={record} />}
          {record.type === "reply" && <ReplyRating reply={record} />}
          <span className="chat-actions">
            <AddReaction record={record} />
          </span>
        </footer>
        {record.type === "reply" && (
          <section
            id={panel}
            hidden={!open}
            className="chat-details"
            aria-label={t("details.label")}
          >
            {open && <ReplyDetails reply={record} />}
          </section>
        )}
      </div>
    </article>
  );
});
