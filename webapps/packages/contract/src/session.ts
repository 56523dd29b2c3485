/**
 * Holds who is signed in. The access token lives in this object's memory only; what survives a
 * reload is the HttpOnly refresh cookie, which no script can read.
 */
import { problemFrom, unreachable } from "./problem";
import type { Credentials, Registration, SignedIn, User } from "./rest";

export type SessionState =
  | { status: "restoring" }
  | { status: "unreachable" }
  /** `revoked`: not by this person here, but because the server ended the session. */
  | { status: "signed-out"; revoked?: boolean }
  | { status: "signed-in"; user: User };

export interface SessionPorts {
  fetch: typeof fetch;
  /** Runs one holder at a time over all tabs of this browser. */
  exclusive: <T>(work: () => Promise<T>) => Promise<T>;
  /** Tells the other tabs; null where the browser cannot. */
  channel: Pick<BroadcastChannel, "postMessage" | "addEventListener"> | null;
  now: () => number;
}

/** Refresh this long before the token ends, so that no request ever carries a dead one. */
const REFRESH_AHEAD_MS = 60_000;
const SHORTEST_TIMER_MS = 5_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export class Session {
  #state: SessionState = { status: "restoring" };
  #token: { value: string; expires: number } | null = null;
  #refreshing: Promise<string | null> | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #listeners = new Set<() => void>();
  readonly #ports: SessionPorts;

  constructor(ports: SessionPorts) {
    this.#ports = ports;
    ports.channel?.addEventListener("message", (event) => {
      const news: unknown = (event as MessageEvent).data;
      if (news === "signed-out") this.#forget();
      if (news === "revoked") this.#forget(true);
      if (news === "signed-in" && this.#state.status === "signed-out") void this.restore();
    });
  }

  readonly getState = (): SessionState => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Asks the cookie who we are, and goes on asking while nobody answers. */
  async restore(): Promise<void> {
    this.#enter({ status: "restoring" });
    try {
      await this.refresh();
    } catch {
      this.#enter({ status: "unreachable" });
      this.#schedule(SHORTEST_TIMER_MS);
    }
  }

  /** A token good for at least a few seconds, or null when nobody is signed in. */
  async token(): Promise<string | null> {
    if (this.#token && this.#token.expires - this.#ports.now() > 5_000) return this.#token.value;
    if (this.#state.status === "signed-out") return null;
    return this.refresh();
  }

  /** Gets a new access token; calls that overlap share one request. Throws when unreachable. */
  refresh(): Promise<string | null> {
    this.#refreshing ??= this.#ports
      .exclusive(() => this.#requestRefresh())
      .finally(() => (this.#refreshing = null));
    return this.#refreshing;
  }

  login(credentials: Credentials): Promise<void> {
    return this.#signIn("/api/auth/login", credentials);
  }

  register(registration: Registration): Promise<void> {
    return this.#signIn("/api/auth/register", registration);
  }

  /** Ends the session on the server when it can be reached, and here in any case. */
  async logout(): Promise<void> {
    const token = this.#token?.value;
    try {
      await this.#post("/api/auth/logout", undefined, token);
    } finally {
      this.#forget();
      this.#ports.channel?.postMessage("signed-out");
    }
  }

  /** The server ended the session: nothing of it is of use any more. */
  async revoked(): Promise<void> {
    this.#forget(true);
    this.#ports.channel?.postMessage("revoked");
    // Only to be rid of the cookie; the session it belongs to has ended already.
    await this.#post("/api/auth/logout").catch(() => undefined);
  }

  async #signIn(path: string, body: Credentials | Registration): Promise<void> {
    const response = await this.#post(path, body);
    if (!response.ok) throw await problemFrom(response);
    this.#accept((await response.json()) as SignedIn);
    this.#ports.channel?.postMessage("signed-in");
  }

  async #requestRefresh(): Promise<string | null> {
    const response = await this.#post("/api/auth/refresh");
    if (response.ok) return this.#accept((await response.json()) as SignedIn);
    if (response.status === 429 || response.status >= 500) throw await problemFrom(response);
    this.#forget();
    return null;
  }

  async #post(path: string, body?: object, token?: string): Promise<Response> {
    const headers: Record<string, string> = { "X-Parley-CSRF": "1" };
    if (body) headers["Content-Type"] = "application/json";
    if (token) headers.Authorization = `Bearer ${token}`;
    try {
      return await this.#ports.fetch(path, {
        method: "POST",
        credentials: "same-origin",
        headers,
        body: body ? JSON.stringify(body) : undefined,
      });
    } catch {
      throw unreachable();
    }
  }

  #accept(answer: SignedIn): string {
    const expires = Date.parse(answer.expiresAt);
    this.#token = { value: answer.token, expires };
    this.#schedule(expires - this.#ports.now() - REFRESH_AHEAD_MS);
    this.#enter({ status: "signed-in", user: answer.user });
    return answer.token;
  }

  #schedule(delay: number): void {
    clearTimeout(this.#timer);
    const bounded = Math.min(Math.max(delay, SHORTEST_TIMER_MS), LONGEST_TIMER_MS);
    this.#timer = setTimeout(() => {
      this.refresh().catch(() => this.#schedule(2 * SHORTEST_TIMER_MS));
    }, bounded);
  }

  #forget(revoked = false): void {
    clearTimeout(this.#timer);
    this.#token = null;
    this.#enter(revoked ? { status: "signed-out", revoked } : { status: "signed-out" });
  }

  #enter(state: SessionState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}

function browserPorts(): SessionPorts {
  const locks = "locks" in navigator ? navigator.locks : null;
  return {
    fetch: (...request) => fetch(...request),
    exclusive: async (work) => (locks ? await locks.request("parley-refresh", work) : work()),
    channel: "BroadcastChannel" in window ? new BroadcastChannel("parley-session") : null,
    now: () => Date.now(),
  };
}

/** The one session of this page: shell and remotes share this module at run time. */
export const session = new Session(browserPorts());
