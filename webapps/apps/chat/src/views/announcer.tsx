/** Tells a screen reader that an answer came, once; the log itself stays silent. */
import type { ChatRecord } from "@parley/contract";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";

export function Announcer({ records }: { records: ChatRecord[] }) {
  const { t } = useTranslation("chat");
  const last = records.at(-1);
  const [mounted] = useState(() => Date.now());
  const [news, setNews] = useState("");
  useEffect(() => {
    const live = last && Date.parse(last.occurred_at) >= mounted;
    if (last?.type === "reply" && live) {
      setNews(`${t("status.answered", { name: last.sender.name || t("assistant") })}: ${last.text}`);
    }
  }, [last, mounted, t]);
  return (
    <div role="status" className="chat-hidden">
      {news}
    </div>
  );
}
