/**
 * Sends what the outbox holds until the server says accepted or rejected, always under the same
 * client id, and one at a time per conversation so that order survives every retry.
 */
import type { AckFrame, ClientFrame } from "@parley/contract";

import { backoff } from "../socket/backoff";
import type { Outbox, Pending } from "./outbox";

export interface DeliveryPorts {
  send: (frame: ClientFrame) => boolean;
  /** True once the server takes messages for this conversation on this connection. */
  joined: (conversationId: string) => boolean;
  /** The server no longer knows us in this conversation: join again, then flush. */
  rejoin: (conversationId: string) => void;
  onStarted: (clientConversationId: string, conversationId: string, title: string) => void;
}

/** The server answers `unknown` after 5 s; hearing nothing for longer means the same. */
const ACK_DEADLINE_MS = 8_000;
const TITLE_LENGTH = 60;

export function titleOf(text: string): string {
  const words = text.trim().split(/\s+/).join(" ");
  const line = words.charAt(0).toUpperCase() + words.slice(1);
  return line.length <= TITLE_LENGTH ? line : `${line.slice(0, TITLE_LENGTH - 1).trimEnd()}…`;
}

export class Delivery {
  /** One running wait per ref: for an ack, or for the pause before a retry. */
  readonly #waits = new Map<string, ReturnType<typeof setTimeout>>();
  readonly #attempts = new Map<string, number>();

  constructor(
    private readonly outbox: Outbox,
    private readonly ports: DeliveryPorts,
  ) {}

  /** Sends whatever can go now; harmless to call at any time. */
  flush(): void {
    const busy = new Set<string>();
    for (const entry of this.outbox.entries) {
      const lane = entry.conversation_id ?? entry.client_conversation_id;
      if (!lane || busy.has(lane)) continue;
      if (entry.state !== "queued" && entry.state !== "sending") continue;
      busy.add(lane);
      if (entry.conversation_id === null) this.#start(entry);
      else if (this.ports.joined(entry.conversation_id)) this.#send(entry, entry.conversation_id);
    }
  }

  /** The connection is gone: nobody will answer what is under way. */
  interrupt(): void {
    for (const wait of this.#waits.values()) clearTimeout(wait);
    this.#waits.clear();
    this.#attempts.clear();
    this.outbox.updateWhere((entry) => entry.state === "sending", { state: "queued" });
  }

  /** The message itself came back from the log: that it was accepted needs no other proof. */
  onLog(clientMessageId: string): void {
    if (!this.outbox.find(clientMessageId)) return;
    this.#settle(clientMessageId);
    this.outbox.remove(clientMessageId);
    this.flush();
  }

  /** True when the answer was for something sent from here. */
  onAck(ack: AckFrame): boolean {
    const entry = this.outbox.find(ack.ref);
    if (entry) this.#onMessageAck(entry, ack);
    else if (this.outbox.entries.some((other) => isStart(other, ack.ref))) this.#onStartAck(ack);
    else return false;
    return true;
  }

  #start(entry: Pending): void {
    const ref = entry.client_conversation_id;
    if (ref === null || this.#waits.has(ref)) return;
    // Without a title: the first words are shown as one, for as long as their message is there.
    const frame = { ref, client_conversation_id: ref };
    if (this.ports.send({ type: "conversation:start", ...frame })) this.#expectAck(ref);
  }

  #send(entry: Pending, conversationId: string): void {
    const ref = entry.client_message_id;
    if (this.#waits.has(ref)) return;
    const sent = this.ports.send({
      type: "message",
      ref,
      conversation_id: conversationId,
      client_message_id: ref,
      text: entry.text,
    });
    if (!sent) return;
    this.#expectAck(ref);
    if (entry.state !== "sending") this.outbox.update(ref, { state: "sending" });
  }

  #onMessageAck(entry: Pending, ack: AckFrame): void {
    const ref = entry.client_message_id;
    if (ack.status === "rejected" && ack.code === "not_joined" && entry.conversation_id) {
      this.#settle(ref);
      this.ports.rejoin(entry.conversation_id);
    } else if (ack.status === "accepted") {
      this.#settle(ref);
      this.outbox.update(ref, { state: "sent", message_id: ack.message_id ?? null });
      this.flush();
    } else if (isFinal(ack)) {
      this.#settle(ref);
      this.outbox.update(ref, { state: "failed", failure: failureOf(ack) });
      this.flush();
    } else this.#pause(ref, ack.retry_after_ms);
  }

  #onStartAck(ack: AckFrame): void {
    const first = this.outbox.entries.find((entry) => isStart(entry, ack.ref));
    if (ack.status === "accepted" && ack.conversation_id && first) {
      this.#settle(ack.ref);
      const { conversation_id } = ack;
      this.ports.onStarted(ack.ref, conversation_id, first.text);
      this.outbox.updateWhere((entry) => isStart(entry, ack.ref), { conversation_id });
      this.flush();
    } else if (isFinal(ack)) {
      this.#settle(ack.ref);
      const change = { state: "failed", failure: failureOf(ack) } as const;
      this.outbox.updateWhere((entry) => isStart(entry, ack.ref), change);
    } else this.#pause(ack.ref, ack.retry_after_ms);
  }

  #expectAck(ref: string): void {
    this.#wait(ref, ACK_DEADLINE_MS);
  }

  #pause(ref: string, askedMs: number | null | undefined): void {
    const attempt = this.#attempts.get(ref) ?? 0;
    this.#attempts.set(ref, attempt + 1);
    this.#wait(ref, Math.max(askedMs ?? 0, backoff(attempt)));
  }

  #wait(ref: string, delay: number): void {
    clearTimeout(this.#waits.get(ref));
    const again = () => {
      this.#waits.delete(ref);
      this.flush();
    };
    this.#waits.set(ref, setTimeout(again, delay));
  }

  #settle(ref: string): void {
    clearTimeout(this.#waits.get(ref));
    this.#waits.delete(ref);
    this.#attempts.delete(ref);
  }
}

function isStart(entry: Pending, ref: string): boolean {
  return entry.client_conversation_id === ref && entry.conversation_id === null;
}

/** Being too fast passes by itself; every other rejection stays one. */
function isFinal(ack: AckFrame): boolean {
  return ack.status === "rejected" && ack.code !== "rate_limited";
}

function failureOf(ack: AckFrame): Pending["failure"] {
  return { code: ack.code ?? "rejected", detail: ack.detail ?? "" };
}
