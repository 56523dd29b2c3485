/** The conversations, newest first, under the days people think in. */
import type { Conversation } from "@parley/contract";
import { Link, useNavigate } from "@parley/router";
import { Button } from "antd";
import { SquarePen } from "lucide-react";
import { useTranslation } from "react-i18next";

import { previewOf } from "../state/conversations";
import { ConversationMenu } from "./conversation-menu";
import { DeskList } from "./desk-list";
import { dayOf, shortTime, type Day } from "./time";
import type { ConversationList } from "./use-conversations";
import type { Desk } from "./use-desk";

interface SidebarProps {
  basename: string;
  current: string | undefined;
  conversations: ConversationList;
  /** For agents only. */
  desk: Desk | null;
  userId: string;
  onChosen: () => void;
}

const DAYS: Day[] = ["today", "yesterday", "earlier"];
const activity = (item: Conversation) => item.last_message_at ?? item.started_at;

export function Sidebar(props: SidebarProps) {
  const { basename, current, conversations, desk, userId, onChosen } = props;
  const { t } = useTranslation("chat");
  const navigate = useNavigate();
  const startNew = () => {
    void navigate(basename || "/");
    onChosen();
  };
  return (
    <nav className="chat-list" aria-label={t("list.label")}>
      <div className="chat-list-head">
        <Button block size="large" icon={<SquarePen aria-hidden size={16} />} onClick={startNew}>
          {t("list.new")}
        </Button>
      </div>
      <div className="chat-list-body">
        {desk && (
          <DeskList
            basename={basename}
            current={current}
            desk={desk}
            userId={userId}
            onChosen={onChosen}
          />
        )}
        <ListBody conversations={conversations} />
        {DAYS.map((day) => {
          const items = conversations.items.filter((item) => dayOf(activity(item)) === day);
          if (items.length === 0) return null;
          return (
            <section key={day} aria-labelledby={`chat-day-${day}`}>
              <h2 id={`chat-day-${day}`}>{t(`list.${day}`)}</h2>
              <ul>
                {items.map((item) => (
                  <Item
                    key={item.id}
                    item={item}
                    to={`${basename}/${item.id}`}
                    active={item.id === current}
                    onChosen={onChosen}
                    onDeleted={item.id === current ? startNew : undefined}
                  />
                ))}
              </ul>
            </section>
          );
        })}
        {conversations.more && (
          <Button type="text" block onClick={conversations.more}>
            {t("list.more")}
          </Button>
        )}
      </div>
    </nav>
  );
}

function ListBody({ conversations }: { conversations: ConversationList }) {
  const { t } = useTranslation("chat");
  const { items, loading, failed, retry } = conversations;
  if (items.length > 0) return null;
  if (loading) {
    return (
      <div className="chat-list-skeleton" aria-hidden>
        <span />
        <span />
        <span />
      </div>
    );
  }
  if (!failed) return <p className="chat-list-note">{t("list.empty")}</p>;
  return (
    <p className="chat-list-note" role="alert">
      {t("list.failed")} <Button onClick={retry}>{t("list.retry")}</Button>
    </p>
  );
}

interface ItemProps {
  item: Conversation;
  to: string;
  active: boolean;
  onChosen: () => void;
  onDeleted: (() => void) | undefined;
}

function Item({ item, to, active, onChosen, onDeleted }: ItemProps) {
  const { t } = useTranslation("chat");
  const title = item.title ?? t("untitled");
  const ended = item.status === "ended";
  return (
    <li>
      <Link
        to={to}
        className="chat-item"
        aria-current={active ? "page" : undefined}
        onClick={onChosen}
      >
        <span className="chat-item-title">
          {title}
          {ended && <span className="chat-item-ended"> · {t("ended.mark")}</span>}
        </span>
        <time dateTime={activity(item)}>{shortTime(activity(item))}</time>
        {item.last_message_preview && (
          <span className="chat-item-preview">{previewOf(item.last_message_preview)}</span>
        )}
      </Link>
      <ConversationMenu id={item.id} title={title} ended={ended} onDeleted={onDeleted} />
    </li>
  );
}
