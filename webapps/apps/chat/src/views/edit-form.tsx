/** Other words for a message of one's own: Enter saves, Escape leaves it as it was. */
import { Button, Input } from "antd";
import type { TextAreaRef } from "antd/es/input/TextArea";
import { useEffect, useRef, useState, type KeyboardEvent } from "react";
import { useTranslation } from "react-i18next";

interface EditFormProps {
  text: string;
  limit: number;
  onSave: (text: string) => void;
  onCancel: () => void;
}

export function EditForm({ text, limit, onSave, onCancel }: EditFormProps) {
  const { t } = useTranslation("chat");
  const [words, setWords] = useState(text);
  const field = useRef<TextAreaRef>(null);
  useEffect(() => field.current?.focus({ cursor: "end" }), []);
  const length = [...words.trim()].length;
  const savable = length > 0 && length <= limit;
  const save = () => {
    if (savable) onSave(words.trim());
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") onCancel();
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    save();
  };
  return (
    <form
      className="chat-edit"
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <Input.TextArea
        ref={field}
        autoSize={{ minRows: 1, maxRows: 8 }}
        aria-label={t("edit.label")}
        aria-invalid={length > limit}
        value={words}
        onChange={(event) => setWords(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <Button size="small" type="primary" htmlType="submit" disabled={!savable}>
        {t("edit.save")}
      </Button>
      <Button size="small" type="text" onClick={onCancel}>
        {t("edit.cancel")}
      </Button>
    </form>
  );
}
