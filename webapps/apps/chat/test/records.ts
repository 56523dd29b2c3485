/** Makes records and frames for tests, with just what a test cares about. */
import type {
  ChangeFrame,
  ChatRecord,
  ConversationStartedFrame,
  DeliveredFrame,
  Handler,
  HandoverFrame,
  MessageRecord,
  ReadFrame,
  ReplyRecord,
  WholeFrame,
} from "@parley/contract";

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

export function begun(id: string, more: Partial<ConversationStartedFrame> = {}) {
  const frame: ConversationStartedFrame = {
    type: "conversation:started",
    at: "m3:1",
    event_id: `start-of-${id}`,
    correlation_id: `start-of-${id}`,
    conversation_id: id,
    client_conversation_id: `client-of-${id}`,
    occurred_at: "2026-01-01T10:00:00.000000Z",
    owner_id: ME,
    ...more,
  };
  return frame;
}

type Of<Type extends ChangeFrame["type"]> = Extract<ChangeFrame, { type: Type }>;

function about(messageId: string, second: number, userId: string) {
  return {
    at: `m3:${second}`,
    event_id: `change-${second}-${userId}`,
    correlation_id: `change-${second}-${userId}`,
    conversation_id: TALK,
    message_id: messageId,
    occurred_at: `2026-01-01T10:00:${String(second).padStart(2, "0")}.000000Z`,
    sender: { id: userId, kind: "user" as const, name: "Ada" },
  };
}

export function edited(messageId: string, second: number, text: string, by = ME) {
  const frame: Of<"message:edited"> = {
    type: "message:edited",
    ...about(messageId, second, by),
    text,
  };
  return frame;
}

export function deleted(messageId: string, second: number, by = ME) {
  const frame: Of<"message:deleted"> = { type: "message:deleted", ...about(messageId, second, by) };
  return frame;
}

export function reaction(messageId: string, second: number, emoji: string, active = true, by = ME) {
  const frame: Of<"reaction"> = {
    type: "reaction",
    ...about(messageId, second, by),
    emoji,
    active,
  };
  return frame;
}

export function rated(messageId: string, second: number, rating: "up" | "down", by = ME) {
  const frame: Of<"feedback"> = {
    type: "feedback",
    ...about(messageId, second, by),
    in_reply_to: "m1",
    rating,
  };
  return frame;
}

export function read(messageId: string, second: number, upTo: number, by = ME): ReadFrame {
  const up_to = `2026-01-01T10:00:${String(upTo).padStart(2, "0")}.000000Z`;
  return { type: "read", ...about(messageId, second, by), up_to };
}

export function delivered(
  messageId: string,
  second: number,
  upTo: number,
  by = ME,
): DeliveredFrame {
  return { ...read(messageId, second, upTo, by), type: "delivered" };
}

export function handover(to: Handler, second: number, note: string | null = null): HandoverFrame {
  const event_id = `handover-${second}`;
  return {
    type: "handover",
    at: `m3:${second}`,
    event_id,
    correlation_id: event_id,
    conversation_id: TALK,
    occurred_at: `2026-01-01T10:00:${String(second).padStart(2, "0")}.000000Z`,
    sender: { id: ME, kind: "user", name: "Ada" },
    to,
    note,
  };
}

type OfWhole<Type extends WholeFrame["type"]> = Extract<WholeFrame, { type: Type }>;

function aboutWhole(second: number, id: string) {
  return {
    at: `m3:${second}`,
    event_id: `whole-${second}`,
    correlation_id: `whole-${second}`,
    conversation_id: id,
    occurred_at: `2026-01-01T10:00:${String(second).padStart(2, "0")}.000000Z`,
    sender: { id: ME, kind: "user" as const, name: "Ada" },
  };
}

export function renamed(second: number, title: string, id = TALK) {
  const frame: OfWhole<"conversation:renamed"> = {
    type: "conversation:renamed",
    ...aboutWhole(second, id),
    title,
  };
  return frame;
}

export function ended(second: number, id = TALK): OfWhole<"conversation:ended"> {
  return { type: "conversation:ended", ...aboutWhole(second, id) };
}

export function gone(second: number, id = TALK): OfWhole<"conversation:deleted"> {
  return { type: "conversation:deleted", ...aboutWhole(second, id) };
}
