/** Says when the connection is gone, and that nothing is lost by it. */
import { Button } from "antd";
import { RefreshCw, WifiOff } from "lucide-react";
import { useEffect, useState, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";

import { useChatClient, useChatState } from "../chat-provider";

/** A cut shorter than this is not worth a word. */
const PATIENCE_MS = 700;
/** The first connection of a page may take this long before anything is said. */
const FIRST_PATIENCE_MS = 3_000;

function subscribe(listener: () => void): () => void {
  window.addEventListener("online", listener);
  window.addEventListener("offline", listener);
  return () => {
    window.removeEventListener("online", listener);
    window.removeEventListener("offline", listener);
  };
}

/** True only after it was true for a while; false at once. */
function useLasting(active: boolean, delay: number): boolean {
  const [lasting, setLasting] = useState(false);
  useEffect(() => {
    if (!active) return;
    const timer = setTimeout(() => setLasting(true), delay);
    return () => {
      clearTimeout(timer);
      setLasting(false);
    };
  }, [active, delay]);
  return active && lasting;
}

export function Banner() {
  const { t } = useTranslation("chat");
  const client = useChatClient();
  const { status, stopReason, everOpen } = useChatState();
  const online = useSyncExternalStore(subscribe, () => navigator.onLine);
  const cut = useLasting(status !== "open", everOpen ? PATIENCE_MS : FIRST_PATIENCE_MS);
  const revoked = stopReason === "revoked";
  const refused = status === "stopped" && stopReason !== null;
  return (
    <div role="status" className="chat-banner-slot">
      {cut && (
        <div className="chat-banner">
          {online ? (
            <RefreshCw aria-hidden size={16} className={refused ? "" : "chat-spin"} />
          ) : (
            <WifiOff aria-hidden size={16} />
          )}
          <span>
            {revoked ? t("banner.revoked") : refused ? t("banner.refused") : online ? t("banner.connecting") : t("banner.offline")}
          </span>
          {refused && !revoked && (
            <Button size="small" onClick={() => client.start()}>
              {t("banner.reconnect")}
            </Button>
          )}
        </div>
      )}
    </div>
  );
}
