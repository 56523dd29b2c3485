/** The session as React state. */
import { session, type SessionState, type User } from "@parley/contract";
import { useSyncExternalStore } from "react";

export function useSession(): SessionState {
  return useSyncExternalStore(session.subscribe, session.getState);
}

export function useUser(): User | null {
  const state = useSession();
  return state.status === "signed-in" ? state.user : null;
}
