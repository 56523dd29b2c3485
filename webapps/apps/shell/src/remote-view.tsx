/** Shows one remote; when it fails, a card with a way out while the rest of the page lives on. */
import { Component, lazy, Suspense, useState, type ReactNode } from "react";
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

interface RemoteProps {
  name: string;
  basename: string;
}

export function RemoteView(props: RemoteProps) {
  return <LoadedRemote key={props.name} {...props} />;
}

const lazyRemote = (name: string) => lazy(() => importRemote(name));

function LoadedRemote({ name, basename }: RemoteProps) {
  const [load, setLoad] = useState(() => ({ attempt: 0, Remote: lazyRemote(name) }));
  const retry = () =>
    setLoad(({ attempt }) => ({ attempt: attempt + 1, Remote: lazyRemote(name) }));
  return (
    <RemoteBoundary key={load.attempt} fallback={<RemoteFailed onRetry={retry} />}>
      <Suspense fallback={<Splash />}>
        <load.Remote basename={basename} />
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
