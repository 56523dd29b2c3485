/** Names for what the gateway's routes take and answer; the shapes are generated. */
import type { components } from "./generated/openapi";

type Schemas = components["schemas"];

export type { paths } from "./generated/openapi";
export type User = Schemas["UserView"];
export type SignedIn = Schemas["SignedIn"];
export type Credentials = Schemas["LoginRequest"];
export type Registration = Schemas["RegisterRequest"];
export type SocketTicket = Schemas["TicketView"];
export type Conversation = Schemas["ConversationItem"];

/** What an owner may change of a conversation. */
export type ConversationChange = Schemas["ChangeConversation"];
/** A conversation that is with a person: one answers, or is waited for. */
export type Waiting = Schemas["WaitingView"];

export interface Page<T> {
  items: T[];
  next: string | null;
}

/** A page of a conversation's history, with how far each has read and who answers in it. */
export interface HistoryPage<T> extends Page<T> {
  read?: Schemas["ReadMarkView"][];
  /** How far what was said has reached each. */
  delivered?: Schemas["ReadMarkView"][];
  /** Null while the assistant always answered here. */
  handover?: Schemas["HandoverView"] | null;
  /** What the conversation is called, and since when. */
  title?: Schemas["TitleView"] | null;
  /** From when on nothing more is said in it. */
  ended_at?: string | null;
  owner?: Schemas["PersonView"] | null;
  /** Who came in besides its owner, the first first. */
  agents?: Schemas["AgentView"][];
  /** Joining from here leaves no gap between this page and the socket. */
  positions?: string[];
}

/** Any problem answers its code; what comes along depends on the problem, or on a proxy. */
export type Problem = Partial<Schemas["Problem"]> & Pick<Schemas["Problem"], "code">;
