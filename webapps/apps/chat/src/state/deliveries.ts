/**
 * Tells people that what they said has reached this device: the newest of it, now and then.
 * Nobody asks whether an answer of the assistant has arrived.
 */
import type { ChatRecord, RequestFrame } from "@parley/contract";

import { timeKey } from "./timeline";

/** Of each conversation it is told no more often; a read mark meanwhile says it as well. */
const DELIVERY_MS = 1_000;

export interface DeliveryPorts {
  userId: string;
  /** Up to when this person is known to have everything, as a time key; empty when never told. */
  told: (conversationId: string) => string;
  ask: (frame: RequestFrame) => void;
}

export class Deliveries {
  /** By conversation, what is still to be told of. */
  readonly #newest = new Map<string, ChatRecord>();

  constructor(private readonly ports: DeliveryPorts) {}

  onRecords(records: ChatRecord[]): void {
    for (const record of records) {
      const { type, sender } = record;
      if (type !== "message" || sender.id === this.ports.userId) continue;
      if (sender.kind !== "assistant") this.#arrived(record);
    }
  }

  #arrived(record: ChatRecord): void {
    const id = record.conversation_id;
    const newest = this.#newest.get(id);
    if (!newest) setTimeout(() => this.#due(id), DELIVERY_MS);
    if (!newest || timeKey(newest.occurred_at) < timeKey(record.occurred_at)) {
      this.#newest.set(id, record);
    }
  }

  #due(id: string): void {
    const newest = this.#newest.get(id);
    this.#newest.delete(id);
    if (!newest || timeKey(newest.occurred_at) <= this.ports.told(id)) return;
    const { conversation_id, message_id } = newest;
    const ref = `delivered:${message_id}`;
    this.ports.ask({ type: "delivered", ref, conversation_id, message_id });
  }
}
