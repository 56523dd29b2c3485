/** Shows one remote; when it fails, a card with a way out while the rest of the page lives on. */
import { Component, lazy, Suspense, useMemo, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { Notice } from "./notice";
import { importRemote } from "./remotes";
import { Splash } from "./splash";

interface BoundaryProps {
  fallback: ReactNode;
  children: ReactNode;
}

class RemoteBoundary extends Component<BoundaryProps, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override render() {
    return this.state.failed ? this.props.fallback : this.props.children;
  }
}

export function RemoteView({ name, basename }: { name: string; basename: string }) {
  const [attempt, setAttempt] = useState(0);
  const Remote = useMemo(() => lazy(() => importRemote(name, attempt)), [name, attempt]);
  const failed = <RemoteFailed onRetry={() => setAttempt((number) => number + 1)} />;
  return (
    <RemoteBoundary key={`${name} ${attempt}`} fallback={failed}>
      <Suspense fallback={<Splash />}>
        <Remote basename={basename} />
      </Suspense>
    </RemoteBoundary>
  );
}

function RemoteFailed({ onRetry }: { onRetry: () => void }) {
  const { t } = useTranslation("shell");
  return (
    <Notice urgent title={t("remote.title")} body={t("remote.body")}>
      <button type="button" className="button" onClick={onRetry}>
        {t("remote.retry")}
      </button>
      <button type="button" className="button quiet" onClick={() => window.location.reload()}>
        {t("remote.reload")}
      </button>
    </Notice>
  );
}
