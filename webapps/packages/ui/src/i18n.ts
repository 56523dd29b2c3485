/** One i18next for the page; each app brings its texts as a namespace of its own name. */
import i18next from "i18next";
import { initReactI18next } from "react-i18next";

export function addTexts(namespace: string, english: object): void {
  if (!i18next.isInitialized) {
    void i18next.use(initReactI18next).init({
      lng: "en",
      fallbackLng: "en",
      resources: {},
      initAsync: false,
      interpolation: { escapeValue: false },
    });
  }
  i18next.addResourceBundle("en", namespace, english, true, true);
}
