/** The theme's mode: kept in localStorage, told by a window event, put on <html> as a class. */
import { announce, listen } from "@parley/contract";
import { useSyncExternalStore } from "react";

export type ThemeMode = "light" | "dark" | "system";

/** The shell's theme script, which runs before the first paint, reads the same key. */
const STORAGE_KEY = "parley.theme";
const darkQuery = () => window.matchMedia("(prefers-color-scheme: dark)");

export function themeMode(): ThemeMode {
  try {
    const kept = localStorage.getItem(STORAGE_KEY);
    return kept === "light" || kept === "dark" ? kept : "system";
  } catch {
    return "system";
  }
}

export function isDark(): boolean {
  const mode = themeMode();
  return mode === "dark" || (mode === "system" && darkQuery().matches);
}

export function applyTheme(): void {
  document.documentElement.classList.toggle("dark", isDark());
}

export function setThemeMode(mode: ThemeMode): void {
  try {
    localStorage.setItem(STORAGE_KEY, mode);
  } catch {
    // Storage is full or forbidden: the choice then lasts for this page only.
  }
  announce("parley:theme", { mode });
}

function subscribe(listener: () => void): () => void {
  const query = darkQuery();
  const stop = listen("parley:theme", listener);
  query.addEventListener("change", listener);
  window.addEventListener("storage", listener);
  return () => {
    stop();
    query.removeEventListener("change", listener);
    window.removeEventListener("storage", listener);
  };
}

export const useThemeMode = (): ThemeMode => useSyncExternalStore(subscribe, themeMode);
export const useIsDark = (): boolean => useSyncExternalStore(subscribe, isDark);

/** Keeps <html> in step with the mode for as long as the page lives. */
export function followTheme(): () => void {
  applyTheme();
  return subscribe(applyTheme);
}
