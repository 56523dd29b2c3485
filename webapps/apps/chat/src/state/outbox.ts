/**
 * Messages that are not yet known to be on the log. They live in sessionStorage too, so that a
 * reload sends them again under the same client id instead of losing them.
 */
import type { Kept } from "./kept";

export type PendingState = "queued" | "sending" | "sent" | "failed";

export interface Pending {
  client_message_id: string;
  /** Null until the conversation this message starts has an id. */
  conversation_id: string | null;
  client_conversation_id: string | null;
  text: string;
  created_at: string;
  state: PendingState;
  message_id: string | null;
  failure: { code: string; detail: string } | null;
}

export class Outbox {
  #entries: Pending[];

  constructor(
    private readonly kept: Kept<Pending>,
    private readonly changed: () => void,
  ) {
    this.#entries = kept
      .read()
      .map((entry) => (entry.state === "sending" ? { ...entry, state: "queued" } : entry));
  }

  get entries(): Pending[] {
    return this.#entries;
  }

  find(clientMessageId: string): Pending | undefined {
    return this.#entries.find((entry) => entry.client_message_id === clientMessageId);
  }

  add(entry: Pending): void {
    this.#replace([...this.#entries, entry]);
  }

  update(clientMessageId: string, change: Partial<Pending>): void {
    this.updateWhere((entry) => entry.client_message_id === clientMessageId, change);
  }

  updateWhere(matches: (entry: Pending) => boolean, change: Partial<Pending>): void {
    if (!this.#entries.some(matches)) return;
    this.#replace(this.#entries.map((entry) => (matches(entry) ? { ...entry, ...change } : entry)));
  }

  remove(clientMessageId: string): void {
    if (!this.find(clientMessageId)) return;
    this.#replace(this.#entries.filter((entry) => entry.client_message_id !== clientMessageId));
  }

  /** What was still to be said in this conversation never can be. */
  removeAll(conversationId: string): void {
    this.#replace(this.#entries.filter((entry) => entry.conversation_id !== conversationId));
  }

  #replace(entries: Pending[]): void {
    this.#entries = entries;
    this.kept.write(entries.filter((entry) => entry.state !== "sent"));
    this.changed();
  }
}
