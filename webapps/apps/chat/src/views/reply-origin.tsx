/** What a reader has to know of an answer at once, and a way to ask for another one. */
import type { ReplyRecord } from "@parley/contract";
import { RefreshCw } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useChatClient } from "../chat-provider";
import { useEnded } from "./use-ended";

/** The model that comes along to show how it works says so in its own name. */
const DEMO = /\(demo\)$/;

export function ReplyOrigin({ reply }: { reply: ReplyRecord }) {
  const { t } = useTranslation("chat");
  const { source, model_version, stopped, why } = reply;
  return (
    <>
      {source === "model" && DEMO.test(model_version) && (
        <span className="chat-badge" title={t("origin.demoHint")}>
          {t("origin.demo")}
        </span>
      )}
      {stopped && <span className="chat-badge">{t(`origin.stopped.${stopped}`)}</span>}
      {why?.fallback && <span className="chat-badge">{t("origin.fallback")}</span>}
    </>
  );
}

export function Regenerate({ reply }: { reply: ReplyRecord }) {
  const { t } = useTranslation("chat");
  const client = useChatClient();
  const ended = useEnded(reply.conversation_id);
  const [asked, setAsked] = useState(false);
  if (ended) return null;
  if (reply.source !== "model" && !reply.why?.fallback) return null;
  const ask = () => {
    setAsked(true);
    client.regenerateReply(reply.conversation_id, reply.in_reply_to);
  };
  return (
    <button type="button" className="chat-toggle" disabled={asked} onClick={ask}>
      <RefreshCw aria-hidden size={12} />
      {t("origin.again")}
    </button>
  );
}
