/** Says that a change of a message was refused, and why. */
import { useTranslation } from "react-i18next";

import { useChatState } from "../chat-provider";

export function Refusal() {
  const { t, i18n } = useTranslation("chat");
  const { refusal } = useChatState();
  if (!refusal) return null;
  const known = i18n.exists(`change.${refusal.code}`, { ns: "chat" });
  return (
    <p className="chat-refusal" role="alert">
      {t(known ? `change.${refusal.code}` : "change.other")}
    </p>
  );
}
