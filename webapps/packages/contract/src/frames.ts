/** Names for the frames of the socket protocol `parley.v1`; the shapes are generated. */
import type { components } from "./generated/frames";
import type { components as rest } from "./generated/openapi";

type Schemas = components["schemas"];

export const SUBPROTOCOL = "parley.v1";

/** A message or reply wherever it is read: live frames have a position, history does not. */
type Anywhere<Frame, Stored> = Pick<Frame, keyof Frame & keyof Stored> & { at?: string };

/** What history knows beyond the event itself; a live frame was never changed yet. */
type Current = Partial<
  Pick<rest["schemas"]["HistoryMessage"], "edited_at" | "deleted" | "reactions">
>;
/** The text is null when the message was deleted. */
export type MessageRecord = Omit<
  Anywhere<Schemas["MessageFrame"], rest["schemas"]["HistoryMessage"]>,
  "text"
> &
  Current & { text: string | null };
export type ReplyRecord = Anywhere<Schemas["ReplyFrame"], rest["schemas"]["HistoryReply"]> &
  Current &
  Partial<Pick<rest["schemas"]["HistoryReply"], "rating">>;
/** What a person thinks of an answer. */
export type Rating = Schemas["RateReply"]["rating"];
export type Reaction = rest["schemas"]["ReactionView"];
export type ReadMark = rest["schemas"]["ReadMarkView"];
/** Who handles a conversation since when, and what everybody was told about it. */
export type Handover = rest["schemas"]["HandoverView"];
/** Somebody by name; null when their account is not known. */
export type Person = rest["schemas"]["PersonView"];
/** A colleague who came into the conversation. */
export type Agent = rest["schemas"]["AgentView"];
export type Handler = rest["schemas"]["Handler"];
export type ChatRecord = MessageRecord | ReplyRecord;

export type ConnectFrame = Schemas["Connect"];
export type ClientFrame =
  | ConnectFrame
  | Schemas["ConversationJoin"]
  | Schemas["ConversationLeave"]
  | Schemas["ConversationStart"]
  | Schemas["SendMessage"]
  | RequestFrame
  | Schemas["Typing"]
  | Schemas["WatchPresence"]
  | Schemas["SetPresence"]
  | Schemas["Ping"];
/** Answered, because it asks to be. */
type WithRef<Frame extends { ref?: string | null }> = Frame & { ref: string };
/** What is asked about a message or a conversation that is there; sent until it is answered. */
export type RequestFrame =
  | Schemas["HandOver"]
  | Schemas["EditMessage"]
  | Schemas["DeleteMessage"]
  | Schemas["React"]
  | Schemas["RateReply"]
  | Schemas["MarkRead"]
  | WithRef<Schemas["MarkDelivered"]>
  | Schemas["StopReply"]
  | Schemas["RegenerateReply"];

export type AckFrame = Schemas["Ack"];
export type CaughtUpFrame = Schemas["CaughtUp"];
export type ConnectedFrame = Schemas["Connected"];
export type ConversationStartedFrame = Schemas["ConversationStartedFrame"];
/** What its owner did to a conversation as a whole. */
export type WholeFrame =
  | Schemas["ConversationRenamedFrame"]
  | Schemas["ConversationEndedFrame"]
  | Schemas["ConversationDeletedFrame"];
/** What happened to a message that is there. */
export type ChangeFrame =
  | Schemas["MessageEditedFrame"]
  | Schemas["MessageDeletedFrame"]
  | Schemas["ReactionFrame"]
  | Schemas["FeedbackFrame"];
export type ReadFrame = Schemas["ReadFrame"];
/** Everything up to a message has reached somebody's device. */
export type DeliveredFrame = Schemas["DeliveredFrame"];
/** A piece of an answer that is being written. */
export type ReplyDeltaFrame = Schemas["ReplyDeltaFrame"];
/** No answer will come. */
export type ReplyFailedFrame = Schemas["ReplyFailedFrame"];
/** From now on a person answers, or the assistant again. */
export type HandoverFrame = Schemas["HandoverFrame"];
/** A colleague came into the conversation. */
export type ConversationJoinedFrame = Schemas["ConversationJoinedFrame"];
export type TypingFrame = Schemas["TypingFrame"];
export type PresenceFrame = Schemas["PresenceFrame"];
export type ServerFrame =
  | AckFrame
  | ConnectedFrame
  | MessageRecord
  | ReplyRecord
  | ReplyDeltaFrame
  | ReplyFailedFrame
  | ConversationStartedFrame
  | WholeFrame
  | HandoverFrame
  | ConversationJoinedFrame
  | ChangeFrame
  | ReadFrame
  | DeliveredFrame
  | TypingFrame
  | PresenceFrame
  | CaughtUpFrame
  | Schemas["Error"]
  | Schemas["Pong"]
  | Schemas["Reconnect"]
  | Schemas["Reset"];

const KNOWN: ReadonlySet<string> = new Set<ServerFrame["type"]>([
  "ack",
  "connected",
  "message",
  "reply",
  "reply:delta",
  "reply:failed",
  "conversation:started",
  "conversation:renamed",
  "conversation:ended",
  "conversation:deleted",
  "handover",
  "conversation:joined",
  "message:edited",
  "message:deleted",
  "reaction",
  "feedback",
  "read",
  "delivered",
  "typing",
  "presence",
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
