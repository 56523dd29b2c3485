/** What every app shares of looks and behaviour; free of antd, so the shell stays small. */
export * from "./hooks";
export * from "./i18n";
export * from "./session";
export * from "./theme";
