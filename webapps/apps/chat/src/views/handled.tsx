/** Says that a person was called and the assistant is silent, and lets it answer again. */
import type { Agent, Handover } from "@parley/contract";
import { Button } from "antd";
import { Headset } from "lucide-react";
import { useTranslation } from "react-i18next";

import { useChatClient } from "../chat-provider";
import { cameSince } from "../state/agents";
import { withPerson } from "../state/handover";

interface HandledProps {
  conversationId: string | undefined;
  handover: Handover | null | undefined;
  /** Who came in. */
  agents?: readonly Agent[];
  /** One is the colleague who was called. */
  asAgent?: boolean;
}

/** The slot is always there, so that a screen reader hears what appears in it. */
export function HandledBanner(props: HandledProps) {
  const { conversationId, handover, agents = [], asAgent = false } = props;
  const { t } = useTranslation("chat");
  const client = useChatClient();
  const here = handover ? cameSince(agents, handover.occurred_at) : [];
  const names = here.map(({ name }) => name).join(", ");
  const said = names ? t("handover.with", { names }) : t("handover.silent");
  return (
    <div role="status" className="chat-banner-slot">
      {conversationId && withPerson(handover) && (
        <div className="chat-banner chat-handled">
          <Headset aria-hidden size={16} />
          <span>
            {asAgent ? t("handover.yours") : said}
            {handover?.note && <q className="chat-handled-note">{handover.note}</q>}
          </span>
          <Button size="small" onClick={() => client.handOver(conversationId, "assistant")}>
            {asAgent ? t("handover.handBack") : t("handover.back")}
          </Button>
        </div>
      )}
    </div>
  );
}

/** Calls a person into the conversation; gone while one is called. */
export function CallPerson({ conversationId, handover, asAgent = false }: HandledProps) {
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
      {asAgent ? t("handover.take") : t("handover.call")}
    </Button>
  );
}
