/** Routes of the page, and who may see which. */
import { session } from "@parley/contract";
import { Link, Navigate, Route, Routes, useLocation } from "@parley/router";
import { useSession } from "@parley/ui";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { Notice } from "./notice";
import { RemoteView } from "./remote-view";
import { Splash } from "./splash";
import { TopBar } from "./top-bar";

export function App() {
  const { t } = useTranslation("shell");
  return (
    <div className="flex h-dvh flex-col bg-bg text-text">
      <a
        href="#main"
        className="sr-only focus:not-sr-only focus:absolute focus:z-50 focus:m-2 focus:rounded-lg focus:bg-surface focus:px-4 focus:py-2 focus:shadow-card"
      >
        {t("skip")}
      </a>
      <TopBar />
      <main id="main" tabIndex={-1} className="relative min-h-0 flex-1 outline-none">
        <Pages />
      </main>
    </div>
  );
}

function Pages() {
  const { t } = useTranslation("shell");
  const state = useSession();
  if (state.status === "restoring") return <Splash />;
  if (state.status === "unreachable") {
    return (
      <Notice title={t("unreachable.title")} body={t("unreachable.body")}>
        <button type="button" className="button" onClick={() => void session.restore()}>
          {t("unreachable.retry")}
        </button>
      </Notice>
    );
  }
  return (
    <Routes>
      <Route path="/" element={<Navigate to="/chat" replace />} />
      <Route path="/login" element={<Guest />} />
      <Route path="/register" element={<Guest />} />
      <Route
        path="/chat/*"
        element={
          <Member>
            <RemoteView name="chat" basename="/chat" />
          </Member>
        }
      />
      <Route path="*" element={<NotFound />} />
    </Routes>
  );
}

/** Where a redirect to the sign-in page came from, so that signing in leads back there. */
interface From {
  from?: string;
}

function Guest() {
  const { from } = (useLocation().state ?? {}) as From;
  if (useSession().status === "signed-in") return <Navigate to={from ?? "/chat"} replace />;
  return <RemoteView name="auth" basename="" />;
}

function Member({ children }: { children: ReactNode }) {
  const { pathname } = useLocation();
  if (useSession().status === "signed-in") return children;
  return <Navigate to="/login" replace state={{ from: pathname } satisfies From} />;
}

function NotFound() {
  const { t } = useTranslation("shell");
  return (
    <Notice title={t("notFound.title")} body={t("notFound.body")}>
      <Link className="button" to="/chat">
        {t("notFound.back")}
      </Link>
    </Notice>
  );
}
