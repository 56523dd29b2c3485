/** Makes records and frames for tests, with just what a test cares about. */
import type { ChatRecord, MessageRecord, ReplyRecord } from "@parley/contract";

export const ME = "user-1";
export const TALK = "talk-1";

export function message(id: string, second: number, more: Partial<MessageRecord> = {}): ChatRecord {
  return {
    type: "message",
    at: `m3:${second}`,
    event_id: id,
    conversation_id: TALK,
    message_id: id,
    occurred_at: `2026-01-01T10:00:${String(second).padStart(2, "0")}.000000Z`,
    sender: { id: ME, kind: "user", name: "Ada" },
    text: `text of ${id}`,
    correlation_id: id,
    attachments: [],
    client_message_id: `client-of-${id}`,
    ...more,
  };
}

export function reply(id: string, second: number, more: Partial<ReplyRecord> = {}): ChatRecord {
  return {
    type: "reply",
    at: `r3:${second}`,
    event_id: id,
    conversation_id: TALK,
    message_id: id,
    occurred_at: `2026-01-01T10:00:${String(second).padStart(2, "0")}.000000Z`,
    sender: { id: "bot", kind: "assistant", name: "Parley" },
    text: `text of ${id}`,
    correlation_id: id,
    attachments: [],
    in_reply_to: "m1",
    source: "template",
    intent: "order_status",
    confidence: 0.97,
    citations: [],
    model_version: "v1",
    ...more,
  };
}
