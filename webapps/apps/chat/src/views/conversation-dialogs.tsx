/** Asks before a conversation is changed as a whole, and says when that could not be done. */
import { toProblem } from "@parley/contract";
import { Input, Modal, type InputRef } from "antd";
import { useEffect, useRef, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

/** As the schema of titles has it, counted as the server counts. */
export const TITLE_CHARS = 120;

/** Does something that can fail: whether it is under way, and why it failed last. */
function useDoing(work: () => Promise<void>, onDone: () => void) {
  const [doing, setDoing] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const start = async () => {
    setDoing(true);
    setFailure(null);
    try {
      await work();
      onDone();
    } catch (error) {
      setFailure(toProblem(error).code);
      setDoing(false);
    }
  };
  return { doing, failure, start };
}

function Failure({ code }: { code: string | null }) {
  const { t, i18n } = useTranslation("chat");
  if (code === null) return null;
  const known = i18n.exists(`whole.failed.${code}`, { ns: "chat" });
  return (
    <p className="chat-refusal" role="alert">
      {t(known ? `whole.failed.${code}` : "whole.failed.other")}
    </p>
  );
}

interface DialogProps {
  title: ReactNode;
  yes: string;
  danger?: boolean;
  disabled?: boolean;
  doing: boolean;
  onYes: () => void;
  onClose: () => void;
  children: ReactNode;
}

function Dialog({ title, yes, danger, disabled, doing, onYes, onClose, children }: DialogProps) {
  const { t } = useTranslation("chat");
  return (
    <Modal
      open
      title={title}
      okText={yes}
      cancelText={t("whole.no")}
      okButtonProps={{ danger: danger ?? false, disabled: disabled ?? false }}
      confirmLoading={doing}
      onOk={onYes}
      onCancel={onClose}
    >
      {children}
    </Modal>
  );
}

interface RenameProps {
  title: string;
  onSave: (title: string) => Promise<void>;
  onClose: () => void;
}

export function RenameDialog({ title, onSave, onClose }: RenameProps) {
  const { t } = useTranslation("chat");
  const [words, setWords] = useState(title);
  const field = useRef<InputRef>(null);
  useEffect(() => field.current?.focus({ cursor: "all" }), []);
  const given = words.trim();
  const length = [...given].length;
  const savable = length > 0 && length <= TITLE_CHARS;
  const { doing, failure, start } = useDoing(() => onSave(given), onClose);
  const save = () => {
    if (savable && !doing) void start();
  };
  return (
    <Dialog
      title={t("whole.rename.title")}
      yes={t("whole.rename.yes")}
      disabled={!savable}
      doing={doing}
      onYes={save}
      onClose={onClose}
    >
      <Input
        ref={field}
        aria-label={t("whole.rename.label")}
        aria-invalid={length > TITLE_CHARS}
        value={words}
        onChange={(event) => setWords(event.target.value)}
        onPressEnter={save}
      />
      {length > TITLE_CHARS && (
        <p className="chat-refusal" role="alert">
          {t("composer.tooLong", { count: length - TITLE_CHARS })}
        </p>
      )}
      <Failure code={failure} />
    </Dialog>
  );
}

interface ConfirmProps {
  about: "end" | "delete";
  onYes: () => Promise<void>;
  onClose: () => void;
}

export function ConfirmDialog({ about, onYes, onClose }: ConfirmProps) {
  const { t } = useTranslation("chat");
  const { doing, failure, start } = useDoing(onYes, onClose);
  return (
    <Dialog
      title={t(`whole.${about}.title`)}
      yes={t(`whole.${about}.yes`)}
      danger={about === "delete"}
      doing={doing}
      onYes={() => void start()}
      onClose={onClose}
    >
      <p>{t(`whole.${about}.body`)}</p>
      <Failure code={failure} />
    </Dialog>
  );
}
