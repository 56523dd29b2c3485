/** An answer: its text, who gave it, and on demand why it is this one. */
import type { ChatRecord } from "@parley/contract";
import { ChevronDown } from "lucide-react";
import { lazy, memo, Suspense, useId, useState } from "react";
import { useTranslation } from "react-i18next";

import { AssistantMark } from "./assistant-mark";
import { ReplyDetails } from "./reply-details";
import { clockTime } from "./time";

const Markdown = lazy(() => import("./markdown"));

export const Reply = memo(function Reply({ record }: { record: ChatRecord }) {
  const { t } = useTranslation("chat");
  const [open, setOpen] = useState(false);
  const panel = useId();
  const name = record.sender.name || t("assistant");
  return (
    <article className="chat-reply" aria-label={name}>
      <AssistantMark />
      <div className="chat-reply-body">
        <div className="chat-card">
          <Suspense fallback={<p className="chat-plain">{record.text}</p>}>
            <Markdown text={record.text} />
          </Suspense>
        </div>
        <footer className="chat-meta">
          <span>{name}</span>
          <time dateTime={record.occurred_at}>{clockTime(record.occurred_at)}</time>
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
