/** Who else is typing; silent for screen readers, which would hear nothing else. */
import type { ChatRecord } from "@parley/contract";
import { useTranslation } from "react-i18next";

import { useChatState } from "../chat-provider";

interface TypingLineProps {
  conversationId: string | undefined;
  records: ChatRecord[];
}

export function TypingLine({ conversationId, records }: TypingLineProps) {
  const { t } = useTranslation("chat");
  const { typing } = useChatState();
  const [user] = (conversationId && typing[conversationId]) || [];
  if (!user) return null;
  const name = records.findLast((record) => record.sender.id === user)?.sender.name;
  return (
    <div className="chat-answering chat-typing">
      <span className="chat-dots" aria-hidden>
        <i />
        <i />
        <i />
      </span>
      <span>{t("typing", { name: name ?? t("somebody") })}</span>
    </div>
  );
}
