/** The bar on top of every page: where you are, how it looks, who you are. */
import { Link, NavLink } from "@parley/router";
import { useUser } from "@parley/ui";
import { MessagesSquare } from "lucide-react";
import { useTranslation } from "react-i18next";

import { Logo } from "./logo";
import { ThemeToggle } from "./theme-toggle";
import { UserMenu } from "./user-menu";

export function TopBar() {
  const { t } = useTranslation("shell");
  const user = useUser();
  return (
    <header className="z-20 flex h-14 shrink-0 items-center gap-2 border-b border-border bg-surface px-3 sm:px-5">
      <Link
        to="/"
        className="flex items-center gap-2.5 rounded-lg py-1 pr-2 font-semibold tracking-tight"
      >
        <Logo />
        <span className="text-[17px]">Parley</span>
      </Link>
      {user && (
        <nav aria-label={t("nav.label")} className="ml-2 flex sm:ml-4">
          <NavLink to="/chat" className="nav-link">
            <MessagesSquare aria-hidden size={16} />
            {t("nav.chat")}
          </NavLink>
        </nav>
      )}
      <div className="ml-auto flex items-center gap-2">
        <ThemeToggle />
        {user && <UserMenu user={user} />}
      </div>
    </header>
  );
}
