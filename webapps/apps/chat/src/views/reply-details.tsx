/** Why an answer is the one it is: what was understood, how surely, and from where it came. */
import type { ReplyRecord } from "@parley/contract";
import { useTranslation } from "react-i18next";

const percent = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 0 });

export function ReplyDetails({ reply }: { reply: ReplyRecord }) {
  const { t } = useTranslation("chat");
  const { intent, confidence, citations = [] } = reply;
  return (
    <dl>
      <dt>{t("details.intent")}</dt>
      <dd>{intent ? <code>{intent}</code> : t("details.none")}</dd>
      {confidence !== null && confidence !== undefined && (
        <>
          <dt>{t("details.confidence")}</dt>
          <dd className="chat-confidence">
            <span aria-hidden className="chat-meter">
              <span style={{ width: percent.format(confidence) }} />
            </span>
            {percent.format(confidence)}
          </dd>
        </>
      )}
      <dt>{t("details.source")}</dt>
      <dd>{t(`details.sources.${reply.source}`, { defaultValue: reply.source })}</dd>
      {reply.why?.cached && <dd>{t("details.cached")}</dd>}
      {reply.why?.fallback && (
        <>
          <dt>{t("details.fallback")}</dt>
          <dd>
            {reply.why.moderated
              ? t(`details.moderated.${reply.why.moderated}`)
              : t(`details.fallbacks.${reply.why.fallback}`)}
          </dd>
        </>
      )}
      {(reply.why?.context?.length ?? 0) > 0 && (
        <>
          <dt>{t("details.context")}</dt>
          {reply.why?.context?.map((each) => (
            <dd key={each}>{t(`details.contexts.${each}`, { defaultValue: each })}</dd>
          ))}
        </>
      )}
      {reply.model_version && (
        <>
          <dt>{t("details.model")}</dt>
          <dd>
            <code>{reply.model_version}</code>
          </dd>
        </>
      )}
      {citations.length > 0 && (
        <>
          <dt>{t("details.citations")}</dt>
          <dd>
            <ul>
              {citations.map((citation) => (
                <li key={citation.id}>
                  {citation.title} <span>{percent.format(citation.score)}</span>
                </li>
              ))}
            </ul>
          </dd>
        </>
      )}
    </dl>
  );
}
