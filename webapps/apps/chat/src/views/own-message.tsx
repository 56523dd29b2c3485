/** A message of one's own: on the log, on its way, or refused. */
import { Button } from "antd";
import { Check, CircleAlert, Clock, LoaderCircle } from "lucide-react";
import { useTranslation } from "react-i18next";

import { useChatClient } from "../chat-provider";
import type { Pending } from "../state/outbox";
import { clockTime } from "./time";

function Tick() {
  const { t } = useTranslation("chat");
  return (
    <span className="chat-state" data-state="sent" role="img" aria-label={t("message.sent")}>
      <Check aria-hidden size={14} />
    </span>
  );
}

export function OwnMessage({ text, at }: { text: string; at: string }) {
  const { t } = useTranslation("chat");
  return (
    <article className="chat-own" aria-label={t("message.you")}>
      <p className="chat-bubble">{text}</p>
      <footer className="chat-meta">
        <time dateTime={at}>{clockTime(at)}</time>
        <Tick />
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
  if (state === "sent") return <Tick />;
  const Icon = state === "queued" ? Clock : LoaderCircle;
  return (
    <span className="chat-state" data-state={state} role="img" aria-label={t(`message.${state}`)}>
      <Icon aria-hidden size={13} className={state === "sending" ? "chat-spin" : ""} />
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
