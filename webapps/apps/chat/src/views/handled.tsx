/** Says that a person was called and the assistant is silent, and lets it answer again. */
import type { Handover } from "@parley/contract";
import { Button } from "antd";
import { Headset } from "lucide-react";
import { useTranslation } from "react-i18next";

import { useChatClient } from "../chat-provider";
import { withPerson } from "../state/handover";

interface HandledProps {
  conversationId: string | undefined;
  handover: Handover | null | undefined;
}

/** The slot is always there, so that a screen reader hears what appears in it. */
export function HandledBanner({ conversationId, handover }: HandledProps) {
  const { t } = useTranslation("chat");
  const client = useChatClient();
  return (
    <div role="status" className="chat-banner-slot">
      {conversationId && withPerson(handover) && (
        <div className="chat-banner chat-handled">
          <Headset aria-hidden size={16} />
          <span>
            {t("handover.silent")}
            {handover?.note && <q className="chat-handled-note">{handover.note}</q>}
          </span>
          <Button size="small" onClick={() => client.handOver(conversationId, "assistant")}>
            {t("handover.back")}
          </Button>
        </div>
      )}
    </div>
  );
}

/** Calls a person into the conversation; gone while one is called. */
export function CallPerson({ conversationId, handover }: HandledProps) {
  const { t } = useTranslation("chat");
  const client = useChatClient();
  if (!conversationId || withPerson(handover)) return null;
  return (
    <Button
      type="text"
      className="chat-call"
      icon={<Headset aria-hidden size={18} />}
      onClick={() => client.handOver(conversationId, "agent")}
    >
      {t("handover.call")}
    </Button>
  );
}
