/** What stands in while a part loads: shapes of the page, no spinner. */
import { useTranslation } from "react-i18next";

export function Splash() {
  const { t } = useTranslation("shell");
  return (
    <div className="flex h-full" role="status" aria-label={t("loading")}>
      <div className="hidden w-72 flex-col gap-3 border-r border-border bg-surface p-4 md:flex">
        <div className="skeleton h-9" />
        <div className="skeleton h-14" />
        <div className="skeleton h-14" />
        <div className="skeleton h-14" />
      </div>
      <div className="mx-auto flex w-full max-w-3xl flex-1 flex-col gap-5 p-6">
        <div className="skeleton h-14 w-1/2 self-end" />
        <div className="skeleton h-24 w-2/3" />
        <div className="skeleton h-12 w-1/3 self-end" />
      </div>
    </div>
  );
}
