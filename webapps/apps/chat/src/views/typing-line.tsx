/** Who else is typing; silent for screen readers, which would hear nothing else. */
import { useTranslation } from "react-i18next";

import { useChatState } from "../chat-provider";
import { EMPTY, type Thread } from "../state/threads";
import { namesOf } from "./people";

interface TypingLineProps {
  conversationId: string | undefined;
  thread: Thread | undefined;
  userId: string;
}

export function TypingLine({ conversationId, thread = EMPTY, userId }: TypingLineProps) {
  const { t } = useTranslation("chat");
  const { typing } = useChatState();
  const [user] = (conversationId && typing[conversationId]) || [];
  if (!user) return null;
  const name = namesOf(thread, userId).get(user);
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
