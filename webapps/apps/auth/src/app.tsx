/** The auth remote: one page that signs in or registers, by its address. */
import "@parley/ui/tokens.css";
import "./auth.css";

import { useLocation } from "@parley/router";
import { addTexts } from "@parley/ui";
import { AppProviders } from "@parley/ui/antd";

import { AccountForm } from "./account-form";
import { Hero } from "./hero";
import english from "./locales/en.json";

addTexts("auth", english);

export default function AuthApp({ basename }: { basename: string }) {
  const { pathname } = useLocation();
  const mode = pathname === `${basename}/register` ? "register" : "login";
  return (
    <AppProviders>
      <div className="auth-page">
        <div className="auth-side">
          <AccountForm key={mode} mode={mode} basename={basename} />
        </div>
        <Hero />
      </div>
    </AppProviders>
  );
}
