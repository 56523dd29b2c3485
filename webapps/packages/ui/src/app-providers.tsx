/** Wraps a remote so that its own copy of antd wears the product's theme. */
import { App, ConfigProvider, theme as antdTheme, type ThemeConfig } from "antd";
import { useMemo, type ReactNode } from "react";

import { useMediaQuery } from "./hooks";
import { useIsDark } from "./theme";

const FONT =
  '"Inter Variable", ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';

const SHARED = { fontFamily: FONT, borderRadius: 10, controlHeight: 38, fontSize: 14.5 };

const LIGHT: ThemeConfig = {
  algorithm: antdTheme.defaultAlgorithm,
  token: {
    ...SHARED,
    colorPrimary: "#0b766c",
    colorError: "#b3261e",
    colorText: "#18201e",
    colorTextDescription: "#56605c",
    colorTextPlaceholder: "#6b7571",
    colorBgBase: "#ffffff",
    colorBorder: "#c9d0cb",
    colorLink: "#0b766c",
  },
};

const DARK: ThemeConfig = {
  algorithm: antdTheme.darkAlgorithm,
  token: {
    ...SHARED,
    colorPrimary: "#3cc9b6",
    colorError: "#ff9b8f",
    colorTextLightSolid: "#04211d",
    colorText: "#e9eeec",
    colorTextDescription: "#9ba8a4",
    colorTextPlaceholder: "#8b9894",
    colorBgBase: "#0e1211",
    colorBgContainer: "#161b1a",
    colorBgElevated: "#1a201f",
    colorBorder: "#3c4846",
    colorLink: "#3cc9b6",
  },
};

export function AppProviders({ children }: { children: ReactNode }) {
  const chosen = useIsDark() ? DARK : LIGHT;
  const motion = !useMediaQuery("(prefers-reduced-motion: reduce)");
  const theme = useMemo(
    () => ({ ...chosen, token: { ...chosen.token, motion } }),
    [chosen, motion],
  );
  return (
    <ConfigProvider theme={theme} wave={{ disabled: true }}>
      <App component={false}>{children}</App>
    </ConfigProvider>
  );
}
