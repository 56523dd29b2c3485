/**
 * Shown while an accepted question has no answer: after a while it says that this is all right, and
 * at the question's deadline that no answer came in time. Nobody else may be left to say so.
 * While a person answers nothing is awaited: how long people take is not the assistant's to say.
 */
import type { ChatRecord, Handover } from "@parley/contract";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";

import { isAssistants, withPerson } from "../state/handover";
import type { Pending } from "../state/outbox";
import { unansweredMessage } from "../state/timeline";
import { AssistantMark } from "./assistant-mark";

/** An answer takes well under a second; after this long the assistant is most likely away. */
const LATE_MS = 10_000;

interface AnsweringProps {
  records: ChatRecord[];
  pending: Pending[];
  userId: string;
  /** Milliseconds that the server's clock is ahead of this one's. */
  ahead?: number;
  handover?: Handover | null | undefined;
}

export function Answering({ records, pending, userId, ahead = 0, handover }: AnsweringProps) {
  if (withPerson(handover)) return null;
  const accepted = pending.findLast((entry) => entry.state === "sent");
  if (accepted) return <Indicator key={accepted.client_message_id} since={accepted.created_at} />;
  const messageId = unansweredMessage(records, userId);
  const question = records.find((record) => record.message_id === messageId);
  if (!question || !isAssistants(question, handover)) return null;
  const key = question.client_message_id ?? question.event_id;
  const until = question.type === "message" ? question.answer_by : null;
  return <Indicator key={key} since={question.occurred_at} until={until} ahead={ahead} />;
}

interface IndicatorProps {
  since: string;
  until?: string | null | undefined;
  ahead?: number;
}

function Indicator({ since, until, ahead = 0 }: IndicatorProps) {
  const { t } = useTranslation("chat");
  const late = usePassed(Date.parse(since) + LATE_MS - ahead, LATE_MS);
  const asked = Date.parse(since);
  const end = until ? Date.parse(until) : Infinity;
  const overdue = usePassed(end - ahead, end - asked);
  if (overdue) {
    return (
      <div className="chat-answering" role="status">
        <AssistantMark />
        <span>{t("answering.overdue")}</span>
      </div>
    );
  }
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

/** Whether a moment has passed; it is never further away than `most` milliseconds. */
function usePassed(moment: number, most: number): boolean {
  const left = () => Math.min(moment - Date.now(), most);
  const [passed, setPassed] = useState(() => left() <= 0);
  useEffect(() => {
    if (!Number.isFinite(moment)) return undefined;
    const timer = setTimeout(() => setPassed(true), Math.max(0, Math.min(moment - Date.now(), most)));
    return () => clearTimeout(timer);
  }, [moment, most]);
  return passed;
}
