/** Tells a screen reader that an answer came, once; the log itself stays silent. */
import type { ChatRecord } from "@parley/contract";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { previewOf } from "../state/conversations";

export function Announcer({ records }: { records: ChatRecord[] }) {
  const { t } = useTranslation("chat");
  const [opened] = useState(() => Date.now());
  const last = records.at(-1);
  const isNews = last?.type === "reply" && Date.parse(last.occurred_at) >= opened;
  return (
    <div role="status" className="chat-hidden">
      {isNews &&
        `${t("status.answered", { name: last.sender.name || t("assistant") })}: ${previewOf(last.text ?? "")}`}
    </div>
  );
}
