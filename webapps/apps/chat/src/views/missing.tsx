/** Said for a conversation that does not exist, or is not ours: the server does not tell which. */
import { Link } from "@parley/router";
import { Button } from "antd";
import { MessageCircleOff, PanelLeft } from "lucide-react";
import { useTranslation } from "react-i18next";

interface MissingProps {
  basename: string;
  onShowList: (() => void) | undefined;
}

export function Missing({ basename, onShowList }: MissingProps) {
  const { t } = useTranslation("chat");
  return (
    <section className="chat-pane">
      {onShowList && (
        <header className="chat-head">
          <Button
            type="text"
            aria-label={t("list.open")}
            icon={<PanelLeft aria-hidden size={20} />}
            onClick={onShowList}
          />
        </header>
      )}
      <div className="chat-welcome">
        <MessageCircleOff aria-hidden size={32} className="chat-welcome-icon" />
        <h1>{t("missing.title")}</h1>
        <p>{t("missing.body")}</p>
        <Link to={basename || "/"}>{t("missing.back")}</Link>
      </div>
    </section>
  );
}
