/** The picture beside the form: what a conversation here feels like. */
import { Check, CheckCheck, CloudOff, MonitorSmartphone, Zap } from "lucide-react";
import { useTranslation } from "react-i18next";

const POINTS = [
  { key: "point1", Icon: Zap },
  { key: "point2", Icon: MonitorSmartphone },
  { key: "point3", Icon: CloudOff },
];

export function Hero() {
  const { t } = useTranslation("auth");
  return (
    <aside className="auth-hero">
      <div className="auth-hero-inner">
        <div className="auth-sample" aria-hidden>
          <p className="auth-sample-own">
            {t("hero.question")} <CheckCheck size={14} />
          </p>
          <p className="auth-sample-answer">{t("hero.answer")}</p>
          <p className="auth-sample-own">
            {t("hero.thanks")} <Check size={14} />
          </p>
        </div>
        <h2>{t("hero.title")}</h2>
        <p className="auth-hero-lead">{t("hero.lead")}</p>
        <ul>
          {POINTS.map(({ key, Icon }) => (
            <li key={key}>
              <Icon aria-hidden size={17} />
              {t(`hero.${key}`)}
            </li>
          ))}
        </ul>
      </div>
    </aside>
  );
}
