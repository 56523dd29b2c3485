/** The other people of a conversation, and whether they are here. */
import type { PresenceFrame } from "@parley/contract";
import { useEffect, useMemo } from "react";
import { useTranslation } from "react-i18next";

import { useChatClient, useChatState } from "../chat-provider";
import type { Thread } from "../state/threads";
import { clockTime } from "./time";

interface PeopleProps {
  thread: Pick<Thread, "records" | "owner" | "agents">;
  userId: string;
}

/** Whoever takes part besides oneself, by name: its owner, who came in, and who has spoken. */
export function namesOf({ records, owner, agents }: PeopleProps["thread"], userId: string) {
  const spoke = records.filter(({ sender }) => sender.kind !== "assistant");
  const people = [...(owner ? [owner] : []), ...agents, ...spoke.map(({ sender }) => sender)];
  const named = people.filter((each) => each.id !== userId && each.name);
  return new Map(named.map(({ id, name }) => [id, name as string]));
}

export function People({ thread, userId }: PeopleProps) {
  const client = useChatClient();
  const { presence } = useChatState();
  const { t } = useTranslation("chat");
  const names = useMemo(() => namesOf(thread, userId), [thread, userId]);
  const ids = [...names.keys()].sort().join();
  useEffect(() => client.watch(ids ? ids.split(",") : []), [client, ids]);
  if (names.size === 0) return null;
  return (
    <ul className="chat-people" aria-label={t("people")}>
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
