/** Light, dark or as the system says: three radio buttons that look like one switch. */
import { setThemeMode, useThemeMode, type ThemeMode } from "@parley/ui";
import { Monitor, Moon, Sun } from "lucide-react";
import { useTranslation } from "react-i18next";

const MODES: { mode: ThemeMode; Icon: typeof Sun }[] = [
  { mode: "light", Icon: Sun },
  { mode: "system", Icon: Monitor },
  { mode: "dark", Icon: Moon },
];

export function ThemeToggle() {
  const { t } = useTranslation("shell");
  const current = useThemeMode();
  return (
    <fieldset className="flex rounded-full border border-border bg-sunken p-0.5">
      <legend className="sr-only">{t("theme.label")}</legend>
      {MODES.map(({ mode, Icon }) => (
        <label key={mode} className="theme-option" title={t(`theme.${mode}`)}>
          <input
            type="radio"
            name="theme"
            value={mode}
            checked={current === mode}
            onChange={() => setThemeMode(mode)}
            className="sr-only"
            aria-label={t(`theme.${mode}`)}
          />
          <Icon aria-hidden size={15} />
        </label>
      ))}
    </fieldset>
  );
}
