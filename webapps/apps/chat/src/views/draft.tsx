/** An answer while it is written: the text so far, and a way to say that it is enough. */
import { Square } from "lucide-react";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";

import { useChatClient } from "../chat-provider";
import type { Draft } from "../state/drafts";
import { AssistantMark } from "./assistant-mark";

const Markdown = lazy(() => import("./markdown"));

export function DraftView({ draft }: { draft: Draft }) {
  const { t } = useTranslation("chat");
  const client = useChatClient();
  return (
    <article className="chat-reply chat-draft" aria-label={t("draft.label")} aria-busy>
      <AssistantMark />
      <div className="chat-reply-body">
        <div className="chat-card">
          <Suspense fallback={<p className="chat-plain">{draft.text}</p>}>
            <Markdown text={draft.text} />
          </Suspense>
        </div>
        <footer className="chat-meta">
          <span>{t("draft.now")}</span>
          <button
            type="button"
            className="chat-toggle"
            onClick={() => client.stopReply(draft.conversationId, draft.question)}
          >
            <Square aria-hidden size={12} />
            {t("draft.stop")}
          </button>
        </footer>
      </div>
    </article>
  );
}
