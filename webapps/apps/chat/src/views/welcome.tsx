/** What a new conversation shows before its first message. */
import { ArrowUpRight } from "lucide-react";
import { useTranslation } from "react-i18next";

import { AssistantMark } from "./assistant-mark";

interface WelcomeProps {
  name: string;
  onChoose: (text: string) => void;
}

export function Welcome({ name, onChoose }: WelcomeProps) {
  const { t } = useTranslation("chat");
  const starters = t("welcome.starters", { returnObjects: true }) as string[];
  const firstName = name.trim().split(/\s+/)[0];
  return (
    <div className="chat-welcome">
      <AssistantMark size={48} />
      <h1>{t("welcome.title", { name: firstName })}</h1>
      <p>{t("welcome.lead")}</p>
      <ul aria-label={t("welcome.startersLabel")}>
        {starters.map((text) => (
          <li key={text}>
            <button type="button" onClick={() => onChoose(text)}>
              {text}
              <ArrowUpRight aria-hidden size={16} />
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
