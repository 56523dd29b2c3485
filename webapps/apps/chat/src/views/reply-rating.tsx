/** Whether an answer was any good: a thumb, and in the reader's own words why it was not. */
import type { Rating, ReplyRecord } from "@parley/contract";
import { Button, Input } from "antd";
import type { TextAreaRef } from "antd/es/input/TextArea";
import { ThumbsDown, ThumbsUp } from "lucide-react";
import { useEffect, useId, useRef, useState, type KeyboardEvent } from "react";
import { useTranslation } from "react-i18next";

import { useChatClient } from "../chat-provider";

const THUMBS = [
  ["up", ThumbsUp],
  ["down", ThumbsDown],
] as const;
/** What the protocol takes. */
const REASON_CHARS = 500;

export function ReplyRating({ reply }: { reply: ReplyRecord }) {
  const { t } = useTranslation("chat");
  const client = useChatClient();
  const [step, setStep] = useState<"idle" | "asking" | "thanks">("idle");
  const form = useId();
  const down = useRef<HTMLButtonElement>(null);
  const rate = (rating: Rating) => {
    if (reply.rating !== rating) client.rate(reply, rating);
    setStep(rating === "down" ? "asking" : "thanks");
  };
  const close = (reason: string) => {
    if (reason) client.rate(reply, "down", reason);
    setStep("thanks");
    down.current?.focus();
  };
  return (
    <>
      <span className="chat-rating" role="group" aria-label={t("rating.label")}>
        {THUMBS.map(([rating, Icon]) => (
          <button
            key={rating}
            ref={rating === "down" ? down : undefined}
            type="button"
            className="chat-action"
            aria-label={t(`rating.${rating}`)}
            aria-pressed={reply.rating === rating}
            aria-expanded={rating === "down" ? step === "asking" : undefined}
            aria-controls={rating === "down" && step === "asking" ? form : undefined}
            onClick={() => rate(rating)}
          >
            <Icon aria-hidden size={15} />
          </button>
        ))}
      </span>
      <span className="chat-rating-said" role="status">
        {step === "thanks" && reply.rating ? t("rating.thanks") : ""}
      </span>
      {step === "asking" && <ReasonForm id={form} onDone={close} />}
    </>
  );
}

/** Enter sends, Escape leaves it at the thumb; an empty reason is none. */
function ReasonForm({ id, onDone }: { id: string; onDone: (reason: string) => void }) {
  const { t } = useTranslation("chat");
  const [words, setWords] = useState("");
  const field = useRef<TextAreaRef>(null);
  // Whoever pressed the thumb has come for this field.
  useEffect(() => field.current?.focus(), []);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") onDone("");
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    onDone(words.trim());
  };
  return (
    <form
      id={id}
      className="chat-reason"
      onSubmit={(event) => {
        event.preventDefault();
        onDone(words.trim());
      }}
    >
      <Input.TextArea
        ref={field}
        autoSize={{ minRows: 1, maxRows: 4 }}
        maxLength={REASON_CHARS}
        aria-label={t("rating.reason")}
        placeholder={t("rating.reason")}
        value={words}
        onChange={(event) => setWords(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <Button size="small" type="primary" htmlType="submit" disabled={!words.trim()}>
        {t("rating.send")}
      </Button>
      <Button size="small" type="text" onClick={() => onDone("")}>
        {t("rating.skip")}
      </Button>
    </form>
  );
}
