/** The other people of a conversation, and whether they are here. */
import type { ChatRecord, PresenceFrame } from "@parley/contract";
import { useEffect, useMemo } from "react";
import { useTranslation } from "react-i18next";

import { useChatClient, useChatState } from "../chat-provider";
import { clockTime } from "./time";

interface PeopleProps {
  records: ChatRecord[];
  userId: string;
}

export function People({ records, userId }: PeopleProps) {
  const client = useChatClient();
  const { presence } = useChatState();
  const names = useMemo(() => {
    const others = records.filter(({ sender }) => sender.id !== userId && sender.kind !== "assistant");
    return new Map(others.map(({ sender }) => [sender.id, sender.name]));
  }, [records, userId]);
  const ids = [...names.keys()].sort().join();
  useEffect(() => client.watch(ids ? ids.split(",") : []), [client, ids]);
  if (names.size === 0) return null;
  return (
    <ul className="chat-people">
      {[...names].map(([id, name]) => (
        <Person key={id} name={name} seen={presence[id]} />
      ))}
    </ul>
  );
}

function Person({ name, seen }: { name: string; seen: PresenceFrame | undefined }) {
  const { t } = useTranslation("chat");
  const state = seen?.state ?? "offline";
  const since = seen?.last_seen ? ` (${clockTime(seen.last_seen)})` : "";
  return (
    <li>
      <span
        className="chat-presence"
        data-state={state}
        role="img"
        aria-label={t(`presence.${state}`) + since}
      />
      {name}
    </li>
  );
}
