/** The emojis on a message, each with how many put it there, and a small bar to add one. */
import type { ChatRecord } from "@parley/contract";
import { useDismiss } from "@parley/ui";
import { SmilePlus } from "lucide-react";
import { useCallback, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { useChatClient } from "../chat-provider";
import { useEnded } from "./use-ended";

const OFFERED = ["👍", "❤️", "😄", "🎉", "😢", "👀"];

interface ReactionsProps {
  record: ChatRecord;
  userId: string;
}

export function Reactions({ record, userId }: ReactionsProps) {
  const { t } = useTranslation("chat");
  const client = useChatClient();
  const ended = useEnded(record.conversation_id);
  const on = new Map<string, { count: number; mine: boolean }>();
  for (const { emoji, user_id } of record.reactions ?? []) {
    const known = on.get(emoji) ?? { count: 0, mine: false };
    on.set(emoji, { count: known.count + 1, mine: known.mine || user_id === userId });
  }
  if (on.size === 0) return null;
  return (
    <div className="chat-reactions" role="group" aria-label={t("reactions.label")}>
      {[...on].map(([emoji, { count, mine }]) => (
        <button
          key={emoji}
          type="button"
          className="chat-reaction"
          aria-pressed={mine}
          disabled={ended}
          aria-label={t("reactions.count", { emoji, count })}
          onClick={() => client.react(record, emoji)}
        >
          <span aria-hidden>{emoji}</span>
          <span aria-hidden>{count}</span>
        </button>
      ))}
    </div>
  );
}

export function AddReaction({ record }: { record: ChatRecord }) {
  const { t } = useTranslation("chat");
  const client = useChatClient();
  const ended = useEnded(record.conversation_id);
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLSpanElement>(null);
  useDismiss(
    box,
    open,
    useCallback(() => setOpen(false), []),
  );
  if (ended) return null;
  return (
    <span ref={box} className="chat-react">
      <button
        type="button"
        className="chat-action"
        aria-label={t("reactions.add")}
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        <SmilePlus aria-hidden size={15} />
      </button>
      {open && (
        <span className="chat-emojis" role="group" aria-label={t("reactions.choose")}>
          {OFFERED.map((emoji) => (
            <button
              key={emoji}
              type="button"
              aria-label={t("reactions.with", { emoji })}
              onClick={() => {
                client.react(record, emoji);
                setOpen(false);
              }}
            >
              {emoji}
            </button>
          ))}
        </span>
      )}
    </span>
  );
}
