/** Where a message is written: Enter sends, a draft survives, nothing is cut off silently. */
import { Button, Input } from "antd";
import type { TextAreaRef } from "antd/es/input/TextArea";
import { ArrowUp } from "lucide-react";
import {
  useImperativeHandle,
  useRef,
  useEffect,
  type FormEvent,
  type KeyboardEvent,
  type Ref,
} from "react";
import { useTranslation } from "react-i18next";

import { useDraft } from "./use-draft";

export interface ComposerHandle {
  /** Puts a text in to be looked over and sent. */
  suggest: (text: string) => void;
  focus: () => void;
}

interface ComposerProps {
  ref?: Ref<ComposerHandle>;
  draftKey: string;
  limit: number;
  onSend: (text: string) => void;
  /** The arrow upwards in an empty field: the last message is to be edited. */
  onEditLast?: () => void;
  /** One is writing, or the field is empty again. */
  onTyping?: (active: boolean) => void;
  /** Whom one writes to, when it is not the assistant. */
  to?: string | undefined;
}

/** The counter appears when this share of the limit is used. */
const COUNT_FROM = 0.8;

/** Counted as the server counts: a character outside the basic plane is one. */
const lengthOf = (text: string): number => [...text].length;

/** Enter that picks a word in an input method must not send; 229 is how older browsers say so. */
function sends(event: KeyboardEvent): boolean {
  const composing = event.nativeEvent.isComposing || event.keyCode === 229;
  return event.key === "Enter" && !event.shiftKey && !composing;
}

export function Composer(props: ComposerProps) {
  const { ref, draftKey, limit, onSend, onEditLast, onTyping, to } = props;
  const { t } = useTranslation("chat");
  const [text, setText] = useDraft(draftKey);
  const field = useRef<TextAreaRef>(null);
  const length = lengthOf(text.trim());
  const sendable = length > 0 && length <= limit;

  useEffect(() => {
    // A screen keyboard that jumps up unasked hides the conversation.
    if (window.matchMedia("(pointer: fine)").matches) field.current?.focus();
  }, []);
  useImperativeHandle(ref, () => ({
    suggest: (suggestion) => {
      setText(suggestion);
      field.current?.focus({ cursor: "end" });
    },
    focus: () => field.current?.focus(),
  }));

  const submit = (event?: FormEvent) => {
    event?.preventDefault();
    if (!sendable) return;
    onSend(text.trim());
    setText("");
    field.current?.focus();
  };
  return (
    <form className="chat-composer" onSubmit={submit}>
      <div className="chat-composer-box" data-invalid={length > limit || undefined}>
        <Input.TextArea
          ref={field}
          variant="borderless"
          autoSize={{ minRows: 1, maxRows: 8 }}
          aria-label={t("composer.label")}
          aria-describedby="chat-composer-note"
          aria-invalid={length > limit}
          placeholder={to ? t("composer.to", { name: to }) : t("composer.placeholder")}
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            onTyping?.(event.target.value !== "");
          }}
          onKeyDown={(event) => {
            if (event.key === "ArrowUp" && text === "" && onEditLast) {
              event.preventDefault();
              onEditLast();
            }
            if (!sends(event)) return;
            event.preventDefault();
            submit();
          }}
        />
        <Button
          type="primary"
          shape="circle"
          htmlType="submit"
          aria-label={t("composer.send")}
          disabled={!sendable}
          icon={<ArrowUp aria-hidden size={18} />}
        />
      </div>
      <p id="chat-composer-note" className="chat-composer-note">
        <span className="chat-composer-hint">{t("composer.hint")}</span>
        <Count length={length} limit={limit} />
      </p>
    </form>
  );
}

function Count({ length, limit }: { length: number; limit: number }) {
  const { t } = useTranslation("chat");
  if (length < limit * COUNT_FROM) return null;
  const over = length - limit;
  return (
    <span className="chat-composer-count" data-over={over > 0 || undefined}>
      {over > 0
        ? t("composer.tooLong", { count: over })
        : t("composer.count", { count: length, limit: limit.toLocaleString() })}
    </span>
  );
}
