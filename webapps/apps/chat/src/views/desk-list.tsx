/** The agents' section of the sidebar: who waits for a person, the longest waiting first. */
import type { Waiting } from "@parley/contract";
import { Link } from "@parley/router";
import { Button } from "antd";
import { useTranslation } from "react-i18next";

import { cameSince } from "../state/agents";
import { titleOf } from "../state/delivery";
import { shortTime } from "./time";
import type { Desk } from "./use-desk";

interface DeskListProps {
  basename: string;
  current: string | undefined;
  desk: Desk;
  userId: string;
  onChosen: () => void;
}

/** Told to the page that shows it: somebody else's conversation is to be come into. */
export const ENTER = { enter: true };

export function deskTitle({ title, first_message_preview: first }: Waiting): string | null {
  return title ?? (first ? titleOf(first) : null);
}

export function DeskList(props: DeskListProps) {
  const { basename, current, desk, userId, onChosen } = props;
  const { t } = useTranslation("chat");
  const { items, loading, failed, more, retry } = desk;
  return (
    <section className="chat-desk" aria-labelledby="chat-desk">
      <h2 id="chat-desk">{t("desk.title")}</h2>
      <p role="status" className="chat-hidden">
        {!loading && !failed && t("desk.count", { count: items.length })}
      </p>
      {failed && (
        <p className="chat-list-note" role="alert">
          {t("desk.failed")} <Button onClick={retry}>{t("list.retry")}</Button>
        </p>
      )}
      {!failed && !loading && items.length === 0 && (
        <p className="chat-list-note">{t("desk.empty")}</p>
      )}
      <ul>
        {items.map((item) => (
          <li key={item.id}>
            <Link
              to={`${basename}/${item.id}`}
              // One's own is not come into.
              state={item.owner.id === userId ? null : ENTER}
              className="chat-item"
              aria-current={item.id === current ? "page" : undefined}
              onClick={onChosen}
            >
              <WaitingItem item={item} />
            </Link>
          </li>
        ))}
      </ul>
      {more && (
        <Button type="text" block onClick={more}>
          {t("list.more")}
        </Button>
      )}
    </section>
  );
}

function WaitingItem({ item }: { item: Waiting }) {
  const { t } = useTranslation("chat");
  const { owner, agents, note, handled_since: since } = item;
  const names = cameSince(agents, since)
    .map(({ name }) => name)
    .join(", ");
  return (
    <>
      <span className="chat-item-title">{owner.name ?? t("somebody")}</span>
      <time dateTime={since} aria-label={t("desk.since", { time: shortTime(since) })}>
        {shortTime(since)}
      </time>
      <span className="chat-item-preview">{note ?? deskTitle(item) ?? t("untitled")}</span>
      {names && <span className="chat-item-with">{t("desk.with", { names })}</span>}
    </>
  );
}
