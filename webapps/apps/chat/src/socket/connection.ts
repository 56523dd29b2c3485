/**
 * Keeps one `parley.v1` socket open: ticket, connect, heartbeat, and coming back after every cut.
 * It knows nothing of conversations; it says when it is open and hands frames on.
 */
import {
  parseServerFrame,
  SUBPROTOCOL,
  toProblem,
  type ClientFrame,
  type ConnectedFrame,
  type ConnectFrame,
  type ServerFrame,
} from "@parley/contract";

import { backoff } from "./backoff";

export type ConnectionStatus = "connecting" | "open" | "waiting" | "stopped";
export type StopReason = "signed-out" | "refused" | "revoked";

export interface SocketLike {
  readonly readyState: number;
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
  send(data: string): void;
  close(code?: number): void;
}

export interface ConnectionPorts {
  /** A single-use ticket and where to use it; throws ProblemError. */
  ticket: () => Promise<{ ticket: string; url: string }>;
  open: (url: string, subprotocol: string) => SocketLike;
  /** Gets a new access token; false when nobody is signed in any more. */
  reauthenticate: () => Promise<boolean>;
  /** The server ended the session. */
  revoked: () => void;
  online: () => boolean;
  random: () => number;
}

export interface ConnectionListener {
  onStatus: (status: ConnectionStatus, reason: StopReason | null) => void;
  onConnected: (frame: ConnectedFrame) => void;
  onFrame: (frame: ServerFrame) => void;
}

const OPEN = 1;
const CONNECT_DEADLINE_MS = 10_000;
/** A connection that lived this long was a good one: the next failure counts from zero. */
const STABLE_MS = 5_000;
const TOKEN_EXPIRED = 4501;
const ACCESS_REVOKED = 4503;

export class Connection {
  status: ConnectionStatus = "waiting";
  #socket: SocketLike | null = null;
  #failures = 0;
  #attempt = 0;
  #reauthenticated = false;
  #heard = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #deadline: ReturnType<typeof setTimeout> | undefined;
  #stable: ReturnType<typeof setTimeout> | undefined;
  #heartbeat: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly ports: ConnectionPorts,
    private readonly listener: ConnectionListener,
  ) {}

  start(): void {
    this.#failures = 0;
    this.#reauthenticated = false;
    void this.#connect();
  }

  /** Ends for good, until start() is called again. */
  stop(reason: StopReason | null = null): void {
    this.#drop();
    this.#enter("stopped", reason);
  }

  /** The network came back or the page was woken: do not sit out the rest of a pause. */
  hurry(): void {
    if (this.status === "waiting") void this.#connect();
  }

  /** The network went away: a socket often does not notice for minutes. */
  lostNetwork(): void {
    if (this.status === "stopped") return;
    this.#drop();
    this.#enter("waiting");
  }

  /** False when there is no open connection; the caller keeps what must not be lost. */
  send(frame: ClientFrame): boolean {
    if (this.status !== "open" || this.#socket?.readyState !== OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  async #connect(): Promise<void> {
    this.#drop();
    const attempt = this.#attempt;
    this.#enter("connecting");
    try {
      const { ticket, url } = await this.ports.ticket();
      if (attempt === this.#attempt) this.#openSocket(url, ticket);
    } catch (error) {
      if (attempt !== this.#attempt) return;
      if (toProblem(error).status === 401) this.stop("signed-out");
      else this.#comeBack();
    }
  }

  #openSocket(url: string, ticket: string): void {
    const socket = this.ports.open(url, SUBPROTOCOL);
    this.#socket = socket;
    this.#deadline = setTimeout(() => this.#comeBack(), CONNECT_DEADLINE_MS);
    socket.onopen = () => {
      const client = { name: "parley-web", version: "0.1.0" };
      // No `resume`: positions are kept by conversation, so each join brings its own.
      const frame: ConnectFrame = { type: "connect", ticket, client };
      socket.send(JSON.stringify(frame));
    };
    socket.onmessage = ({ data }) => {
      this.#heard = Date.now();
      const frame = parseServerFrame(data);
      if (frame) this.#receive(frame);
    };
    socket.onclose = ({ code }) => void this.#closed(code);
  }

  #receive(frame: ServerFrame): void {
    if (frame.type === "connected") this.#opened(frame);
    else if (frame.type === "reconnect") this.#comeBack(frame.after_ms);
    else if (frame.type !== "pong") this.listener.onFrame(frame);
  }

  #opened(frame: ConnectedFrame): void {
    clearTimeout(this.#deadline);
    this.#stable = setTimeout(() => {
      this.#failures = 0;
      this.#reauthenticated = false;
    }, STABLE_MS);
    const every = frame.limits.ping_seconds * 1000;
    this.#heartbeat = setInterval(() => {
      if (Date.now() - this.#heard > every * 2.5) this.#comeBack();
      else this.send({ type: "ping", ref: "ping" });
    }, every);
    this.#enter("open");
    this.listener.onConnected(frame);
  }

  async #closed(code: number): Promise<void> {
    if (code < 4500 || code > 4999) return this.#comeBack();
    if (code === ACCESS_REVOKED) {
      this.stop("revoked");
      return this.ports.revoked();
    }
    if (code !== TOKEN_EXPIRED || this.#reauthenticated) {
      return this.stop(code === TOKEN_EXPIRED ? "signed-out" : "refused");
    }
    this.#reauthenticated = true;
    this.#drop();
    this.#enter("connecting");
    const attempt = this.#attempt;
    const signedIn = await this.ports.reauthenticate().catch(() => null);
    if (attempt !== this.#attempt) return;
    if (signedIn === false) this.stop("signed-out");
    else if (signedIn === null) this.#comeBack();
    else void this.#connect();
  }

  #comeBack(afterMs = backoff(this.#failures, this.ports.random)): void {
    this.#drop();
    this.#failures += 1;
    this.#enter("waiting");
    // Without a network there is nothing to try; hurry() is called when it is back.
    if (this.ports.online()) this.#retry = setTimeout(() => void this.#connect(), afterMs);
  }

  /** Leaves the present socket behind; whatever it still says is not heard. */
  #drop(): void {
    this.#attempt += 1;
    clearTimeout(this.#retry);
    clearTimeout(this.#deadline);
    clearTimeout(this.#stable);
    clearInterval(this.#heartbeat);
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(1000);
  }

  #enter(status: ConnectionStatus, reason: StopReason | null = null): void {
    this.status = status;
    this.listener.onStatus(status, reason);
  }
}
