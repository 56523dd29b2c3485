/** Tells a screen reader that an answer or a message came, once; the log itself stays silent. */
import type { ChatRecord } from "@parley/contract";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { previewOf } from "../state/conversations";

export function Announcer({ records, userId }: { records: ChatRecord[]; userId: string }) {
  const { t } = useTranslation("chat");
  const [opened] = useState(() => Date.now());
  const last = records.at(-1);
  const others = last && last.sender.id !== userId;
  const isNews = others && Date.parse(last.occurred_at) >= opened;
  const what = last?.type === "reply" ? "status.answered" : "status.said";
  return (
    <div role="status" className="chat-hidden">
      {isNews &&
        `${t(what, { name: last.sender.name || t("assistant") })}: ${previewOf(last.text ?? "")}`}
    </div>
  );
}
