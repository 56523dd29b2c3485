/** The socket protocol `parley.v1` as types: what a browser may send and what it can hear. */

export const SUBPROTOCOL = "parley.v1";

export interface Attachment {
  id: string;
}

export interface Sender {
  id: string;
  kind: "user" | "agent" | "assistant";
  name: string;
}

export interface Citation {
  id: string;
  title: string;
  score: number;
}

export type ReplySource = "template" | "retrieval" | "model" | "clarify" | "handover";

/** Fields a message has wherever it is read: live from the socket or from history. */
export interface MessageRecord {
  type: "message";
  at?: string | null;
  event_id: string;
  conversation_id: string;
  message_id: string;
  occurred_at: string;
  sender: Sender;
  text: string;
  attachments?: Attachment[];
  reply_to?: string | null;
  client_message_id?: string | null;
}

export interface ReplyRecord extends Omit<MessageRecord, "type"> {
  type: "reply";
  in_reply_to: string;
  source: ReplySource;
  intent?: string | null;
  confidence?: number | null;
  citations?: Citation[];
  model_version?: string | null;
}

export type ChatRecord = MessageRecord | ReplyRecord;

export interface Limits {
  frame_bytes: number;
  message_chars: number;
  ping_seconds: number;
}

export interface ConnectFrame {
  type: "connect";
  ticket: string;
  resume?: { epoch: string; positions: string[] };
  client?: { name: string; version: string };
}

export interface JoinFrame {
  type: "conversation:join";
  ref: string;
  conversation_id: string;
  positions?: string[];
}

export interface LeaveFrame {
  type: "conversation:leave";
  ref: string;
  conversation_id: string;
}

export interface StartFrame {
  type: "conversation:start";
  ref: string;
  client_conversation_id: string;
  title?: string;
}

export interface SendFrame {
  type: "message";
  ref: string;
  conversation_id: string;
  client_message_id: string;
  text: string;
}

export interface PingFrame {
  type: "ping";
  ref: string;
}

export type ClientFrame =
  | ConnectFrame
  | JoinFrame
  | LeaveFrame
  | StartFrame
  | SendFrame
  | PingFrame;

export interface ConnectedFrame {
  type: "connected";
  connection_id: string;
  user: { id: string; name: string; role: string };
  epoch: string;
  server_time: string;
  limits: Limits;
}

export type AckStatus = "accepted" | "unknown" | "busy" | "rejected";

export interface AckFrame {
  type: "ack";
  ref: string;
  status: AckStatus;
  message_id?: string | null;
  conversation_id?: string | null;
  retry_after_ms?: number | null;
  code?: string | null;
  detail?: string | null;
}

export interface ResetFrame {
  type: "reset";
  conversation_id: string;
  reason: string;
}

export interface CaughtUpFrame {
  type: "caught_up";
  conversation_id: string;
}

export interface ReconnectFrame {
  type: "reconnect";
  after_ms: number;
  reason: string;
}

export interface ErrorFrame {
  type: "error";
  code: string;
  detail: string;
  ref?: string | null;
}

export interface PongFrame {
  type: "pong";
  ref?: string | null;
}

export type ServerFrame =
  | ConnectedFrame
  | AckFrame
  | (ChatRecord & { replayed?: boolean })
  | ResetFrame
  | CaughtUpFrame
  | ReconnectFrame
  | ErrorFrame
  | PongFrame;

const KNOWN: ReadonlySet<string> = new Set([
  "connected",
  "ack",
  "message",
  "reply",
  "reset",
  "caught_up",
  "reconnect",
  "error",
  "pong",
]);

/** Reads one text frame; null for anything this client does not know, as the protocol asks. */
export function parseServerFrame(data: unknown): ServerFrame | null {
  if (typeof data !== "string") return null;
  try {
    const frame: unknown = JSON.parse(data);
    if (typeof frame !== "object" || frame === null || !("type" in frame)) return null;
    return KNOWN.has(String(frame.type)) ? (frame as ServerFrame) : null;
  } catch {
    return null;
  }
}
