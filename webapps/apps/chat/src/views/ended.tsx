/** In the place of the field where messages are written, when no more are taken. */
import { Link } from "@parley/router";
import { useTranslation } from "react-i18next";

export function Ended({ basename }: { basename: string }) {
  const { t } = useTranslation("chat");
  return (
    <p className="chat-ended" role="status">
      {t("ended.here")} <Link to={basename || "/"}>{t("ended.another")}</Link>
    </p>
  );
}
