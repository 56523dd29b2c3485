/** Says where in the log a colleague came into the conversation. */
import type { Agent, ChatRecord } from "@parley/contract";
import { Headset } from "lucide-react";
import { useTranslation } from "react-i18next";

import { timeKey } from "../state/timeline";
import { clockTime } from "./time";

interface JoinedProps {
  agents: readonly Agent[];
  /** What was said last before, and first after. */
  after?: ChatRecord | undefined;
  before?: ChatRecord | undefined;
}

export function Joined({ agents, after, before }: JoinedProps) {
  const { t } = useTranslation("chat");
  const came = agents.filter(
    ({ joined_at: at }) =>
      (!after || timeKey(at) > timeKey(after.occurred_at)) &&
      (!before || timeKey(at) <= timeKey(before.occurred_at)),
  );
  return came.map(({ id, name, joined_at }) => (
    <p key={id} className="chat-joined" role="note">
      <Headset aria-hidden size={14} />
      <span>{t("handover.joined", { name })}</span>
      <time dateTime={joined_at}>{clockTime(joined_at)}</time>
    </p>
  ));
}
