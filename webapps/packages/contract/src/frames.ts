/** Names for the frames of the socket protocol `parley.v1`; the shapes are generated. */
import type { components } from "./generated/frames";
import type { components as rest } from "./generated/openapi";

type Schemas = components["schemas"];

export const SUBPROTOCOL = "parley.v1";

/** A message or reply wherever it is read: live frames have a position, history does not. */
type Anywhere<Frame, Stored> = Pick<Frame, keyof Frame & keyof Stored> & { at?: string };

export type MessageRecord = Anywhere<Schemas["MessageFrame"], rest["schemas"]["HistoryMessage"]>;
export type ReplyRecord = Anywhere<Schemas["ReplyFrame"], rest["schemas"]["HistoryReply"]>;
export type ChatRecord = MessageRecord | ReplyRecord;

export type ConnectFrame = Schemas["Connect"];
export type ClientFrame =
  | ConnectFrame
  | Schemas["ConversationJoin"]
  | Schemas["ConversationLeave"]
  | Schemas["ConversationStart"]
  | Schemas["SendMessage"]
  | Schemas["Ping"];

export type AckFrame = Schemas["Ack"];
export type ConnectedFrame = Schemas["Connected"];
export type ServerFrame =
  | AckFrame
  | ConnectedFrame
  | MessageRecord
  | ReplyRecord
  | Schemas["CaughtUp"]
  | Schemas["Error"]
  | Schemas["Pong"]
  | Schemas["Reconnect"]
  | Schemas["Reset"];

const KNOWN: ReadonlySet<string> = new Set<ServerFrame["type"]>([
  "ack",
  "connected",
  "message",
  "reply",
  "caught_up",
  "error",
  "pong",
  "reconnect",
  "reset",
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
