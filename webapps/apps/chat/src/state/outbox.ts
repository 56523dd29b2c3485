/**
 * Messages that are not yet known to be on the log. They live in sessionStorage too, so that a
 * reload sends them again under the same client id instead of losing them.
 */

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

export type Slot = Pick<Storage, "getItem" | "setItem" | "removeItem">;

export class Outbox {
  #entries: Pending[];

  constructor(
    private readonly slot: Slot,
    private readonly key: string,
    private readonly changed: () => void,
  ) {
    this.#entries = this.#read();
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

  #replace(entries: Pending[]): void {
    this.#entries = entries;
    const unsent = entries.filter((entry) => entry.state !== "sent");
    try {
      if (unsent.length === 0) this.slot.removeItem(this.key);
      else this.slot.setItem(this.key, JSON.stringify(unsent));
    } catch {
      // A full storage costs the survival of a reload, not the sending.
    }
    this.changed();
  }

  #read(): Pending[] {
    try {
      const kept = JSON.parse(this.slot.getItem(this.key) ?? "[]") as Pending[];
      return kept.map((entry) =>
        entry.state === "sending" ? { ...entry, state: "queued" } : entry,
      );
    } catch {
      return [];
    }
  }
}
