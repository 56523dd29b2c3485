/** Which remotes exist is asked at run time, so that a new one needs no new shell. */
import { loadRemote, registerRemotes } from "@module-federation/runtime";
import type { ComponentType } from "react";

/** The whole contract of a remote: a component that is told where it lives. */
export type RemoteComponent = ComponentType<{ basename: string }>;

interface RemoteEntry {
  name: string;
  entry: string;
  type: "var" | "module";
}

const PATIENCE_MS = 8_000;
/** Remotes whose last load failed: the next one starts anew. */
const failed = new Set<string>();
let listed: Promise<RemoteEntry[]> | null = null;

async function fetchList(): Promise<RemoteEntry[]> {
  const response = await fetch("/api/remotes", { cache: "no-cache" });
  if (!response.ok) throw new Error(`the list of remotes answered ${response.status}`);
  return (await response.json()) as RemoteEntry[];
}

async function register(name: string): Promise<void> {
  const again = failed.has(name);
  if (again) listed = null;
  listed ??= fetchList();
  const list = await listed.catch((error: unknown) => {
    listed = null;
    throw error;
  });
  const remote = list.find((entry) => entry.name === name);
  if (!remote) throw new Error(`there is no remote ${name}`);
  // A new address makes the browser and the runtime forget the load that failed.
  const entry = again ? `${remote.entry}?retry=${Date.now()}` : remote.entry;
  registerRemotes([{ ...remote, entry, alias: name }], { force: again });
}

function withTimeout<T>(work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("the remote took too long")), PATIENCE_MS);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

export async function importRemote(name: string): Promise<{ default: RemoteComponent }> {
  try {
    await withTimeout(register(name));
    const module = await withTimeout(loadRemote<{ default: RemoteComponent }>(`${name}/App`));
    if (!module) throw new Error(`the remote ${name} is empty`);
    failed.delete(name);
    return module;
  } catch (error) {
    failed.add(name);
    throw error;
  }
}
