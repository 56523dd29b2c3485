/**
 * What is asked about messages that are there: sent until accepted or rejected, always under the
 * same name, so that a repeat is no second change. A reload of the tab asks on.
 */
import type { AckFrame, ClientFrame, RequestFrame } from "@parley/contract";

import { backoff } from "../socket/backoff";
import type { Kept } from "./kept";

export interface RequestPorts {
  send: (frame: ClientFrame) => boolean;
  joined: (conversationId: string) => boolean;
  rejoin: (conversationId: string) => void;
  /** The server will never do it. */
  onRefused: (frame: RequestFrame, code: string) => void;
}

interface Open {
  frame: RequestFrame;
  tries: number;
  wait: ReturnType<typeof setTimeout> | undefined;
}

/** The server answers within 5 s; hearing nothing for longer means that it never heard. */
const ACK_DEADLINE_MS = 8_000;

export class Requests {
  readonly #open = new Map<string, Open>();

  constructor(
    private readonly kept: Kept<RequestFrame>,
    private readonly ports: RequestPorts,
  ) {
    for (const frame of kept.read()) this.#open.set(frame.ref, { frame, tries: 0, wait: undefined });
  }

  ask(frame: RequestFrame): void {
    const open: Open = { frame, tries: 0, wait: undefined };
    this.#open.set(frame.ref, open);
    this.#keep();
    this.#send(open);
  }

  /** The conversations in which something is still to be answered. */
  get conversations(): string[] {
    return [...this.#open.values()].map(({ frame }) => frame.conversation_id);
  }

  /** Whether something is still to be answered for this conversation. */
  waits(conversationId: string): boolean {
    return this.conversations.includes(conversationId);
  }

  knows(ref: string): boolean {
    return this.#open.has(ref);
  }

  flush(): void {
    for (const open of this.#open.values()) if (open.wait === undefined) this.#send(open);
  }

  /** The connection is gone: nobody will answer what is under way. */
  interrupt(): void {
    for (const open of this.#open.values()) this.#settle(open);
  }

  /** True when the answer was for something asked from here. */
  onAck(ack: AckFrame): boolean {
    const open = this.#open.get(ack.ref);
    if (!open) return false;
    this.#settle(open);
    const { frame } = open;
    if (ack.status === "accepted") this.#drop(ack.ref);
    else if (ack.status === "rejected" && ack.code === "not_joined") {
      this.ports.rejoin(frame.conversation_id);
    } else if (ack.status === "rejected" && ack.code !== "rate_limited") {
      this.#drop(ack.ref);
      this.ports.onRefused(frame, ack.code ?? "rejected");
    } else this.#again(open, Math.max(ack.retry_after_ms ?? 0, backoff(open.tries)));
    return true;
  }

  #drop(ref: string): void {
    this.#open.delete(ref);
    this.#keep();
  }

  #keep(): void {
    this.kept.write([...this.#open.values()].map(({ frame }) => frame));
  }

  #send(open: Open): void {
    if (!this.ports.joined(open.frame.conversation_id)) return;
    if (!this.ports.send(open.frame)) return;
    open.tries += 1;
    this.#again(open, ACK_DEADLINE_MS);
  }

  #again(open: Open, delay: number): void {
    this.#settle(open);
    open.wait = setTimeout(() => {
      open.wait = undefined;
      this.#send(open);
    }, delay);
  }

  #settle(open: Open): void {
    clearTimeout(open.wait);
    open.wait = undefined;
  }
}
