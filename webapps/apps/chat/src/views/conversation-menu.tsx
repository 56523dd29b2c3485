/** What an owner can do with a conversation as a whole: rename it, end it, delete it. */
import { Button, Dropdown, type MenuProps } from "antd";
import { CircleStop, Ellipsis, Pencil, Trash2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useChatClient } from "../chat-provider";
import { ConfirmDialog, RenameDialog } from "./conversation-dialogs";

interface MenuOfConversationProps {
  id: string;
  title: string;
  ended: boolean;
  /** The conversation is gone, at one's own wish. */
  onDeleted?: (() => void) | undefined;
}

type Wish = "rename" | "end" | "delete";
const ICONS = { rename: Pencil, end: CircleStop, delete: Trash2 };

export function ConversationMenu({ id, title, ended, onDeleted }: MenuOfConversationProps) {
  const { t } = useTranslation("chat");
  const { wholes } = useChatClient();
  const [wish, setWish] = useState<Wish | null>(null);
  const close = () => setWish(null);
  const wishes: Wish[] = ended ? ["rename", "delete"] : ["rename", "end", "delete"];
  const items: MenuProps["items"] = wishes.map((key) => {
    const Icon = ICONS[key];
    return {
      key,
      label: t(`whole.${key}.start`),
      icon: <Icon aria-hidden size={15} />,
      danger: key === "delete",
    };
  });
  const remove = async () => {
    await wholes.remove(id);
    onDeleted?.();
  };
  return (
    <>
      <Dropdown
        trigger={["click"]}
        placement="bottomRight"
        menu={{ items, onClick: ({ key }) => setWish(key as Wish) }}
      >
        <Button
          type="text"
          size="small"
          className="chat-menu"
          aria-haspopup="menu"
          aria-label={t("whole.menu", { title })}
          icon={<Ellipsis aria-hidden size={18} />}
        />
      </Dropdown>
      {wish === "rename" && (
        <RenameDialog title={title} onSave={(words) => wholes.rename(id, words)} onClose={close} />
      )}
      {wish === "end" && <ConfirmDialog about="end" onYes={() => wholes.end(id)} onClose={close} />}
      {wish === "delete" && <ConfirmDialog about="delete" onYes={remove} onClose={close} />}
    </>
  );
}
