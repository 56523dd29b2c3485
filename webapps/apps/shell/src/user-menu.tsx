/** Who is signed in, and the way out. */
import { session, type User } from "@parley/contract";
import { useDismiss } from "@parley/ui";
import { LogOut } from "lucide-react";
import { useCallback, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  return words
    .slice(0, 2)
    .map((word) => word.charAt(0).toUpperCase())
    .join("");
}

export function UserMenu({ user }: { user: User }) {
  const { t } = useTranslation("shell");
  const [open, setOpen] = useState(false);
  const menu = useRef<HTMLDivElement>(null);
  useDismiss(
    menu,
    open,
    useCallback(() => setOpen(false), []),
  );
  return (
    <div ref={menu} className="relative">
      <button
        type="button"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
        className="grid size-9 cursor-pointer place-items-center rounded-full bg-accent-soft text-[13px] font-semibold text-accent hover:ring-2 hover:ring-accent/30"
      >
        <span aria-hidden>{initials(user.name)}</span>
        <span className="sr-only">{t("user.menu", { name: user.name })}</span>
      </button>
      {open && (
        <div className="absolute right-0 mt-2 w-64 overflow-hidden rounded-xl border border-border bg-surface shadow-card">
          <div className="border-b border-border px-4 py-3">
            <p className="text-xs text-muted">{t("user.signedInAs")}</p>
            <p className="truncate font-medium">{user.name}</p>
            <p className="truncate text-sm text-muted">{user.email}</p>
          </div>
          <button
            type="button"
            onClick={() => void session.logout().catch(() => undefined)}
            className="flex w-full cursor-pointer items-center gap-2.5 px-4 py-3 text-left text-sm hover:bg-sunken"
          >
            <LogOut aria-hidden size={16} />
            {t("user.signOut")}
          </button>
        </div>
      )}
    </div>
  );
}
