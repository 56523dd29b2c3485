/** Shown while an accepted question has no answer; after a while it says that this is all right. */
import type { ChatRecord } from "@parley/contract";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";

import type { Pending } from "../state/outbox";
import { unansweredMessage } from "../state/timeline";
import { AssistantMark } from "./assistant-mark";

/** An answer takes well under a second; after this long the assistant is most likely away. */
const LATE_MS = 10_000;

interface AnsweringProps {
  records: ChatRecord[];
  pending: Pending[];
  userId: string;
}

export function Answering({ records, pending, userId }: AnsweringProps) {
  const accepted = pending.findLast((entry) => entry.state === "sent");
  if (accepted) return <Indicator key={accepted.client_message_id} since={accepted.created_at} />;
  const messageId = unansweredMessage(records, userId);
  const question = records.find((record) => record.message_id === messageId);
  if (!question) return null;
  const key = question.client_message_id ?? question.event_id;
  return <Indicator key={key} since={question.occurred_at} />;
}

function Indicator({ since }: { since: string }) {
  const { t } = useTranslation("chat");
  const [late, setLate] = useState(() => Date.now() - Date.parse(since) > LATE_MS);
  useEffect(() => {
    const left = LATE_MS - (Date.now() - Date.parse(since));
    const timer = setTimeout(() => setLate(true), Math.max(0, left));
    return () => clearTimeout(timer);
  }, [since]);
  return (
    <div className="chat-answering" role="status">
      <AssistantMark />
      <span className="chat-dots" aria-hidden>
        <i />
        <i />
        <i />
      </span>
      <span>{late ? t("answering.late") : t("answering.now", { name: t("assistant") })}</span>
    </div>
  );
}
