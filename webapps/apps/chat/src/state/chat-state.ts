/** What the chat of one tab shows, and what it needs from outside. */
import type {
  ChatRecord,
  Conversation,
  ConversationChange,
  HistoryPage,
  PresenceFrame,
} from "@parley/contract";

import type {
  Connection,
  ConnectionListener,
  ConnectionStatus,
  StopReason,
} from "../socket/connection";
import type { DraftsByQuestion } from "./drafts";
import type { Slot } from "./kept";
import type { Pending } from "./outbox";
import type { Thread } from "./threads";
import type { Typists } from "./typing";
import type { ById } from "./wholes";

export interface ChatState {
  status: ConnectionStatus;
  stopReason: StopReason | null;
  /** False until the first connection, so that a page just opened shows no alarm. */
  everOpen: boolean;
  threads: Readonly<Record<string, Thread>>;
  outbox: Pending[];
  /** Conversations started since, here or elsewhere, which the listed ones may lack still. */
  started: Conversation[];
  messageChars: number;
  /** Milliseconds that the server's clock is ahead of this one's, as of the last connection. */
  serverAhead: number;
  /** Who is typing where, without oneself. */
  typing: Typists;
  presence: Readonly<Record<string, PresenceFrame>>;
  /** Answers that are being written. */
  drafts: DraftsByQuestion;
  /** How often something was heard that may change what waits for a person. */
  deskNews: number;
  /** Why the latest change of a message was refused; null when none was. */
  refusal: { code: string } | null;
  /** What conversations are called, which have ended, which are gone. */
  wholes: ById;
}

export interface ChatPorts {
  userId: string;
  connect: (listener: ConnectionListener) => Connection;
  history: (conversationId: string, before?: string) => Promise<HistoryPage<ChatRecord>>;
  change: (conversationId: string, change: ConversationChange) => Promise<unknown>;
  remove: (conversationId: string) => Promise<unknown>;
  /** Comes into somebody else's conversation that is with a person. */
  joinAsAgent: (conversationId: string) => Promise<void>;
  slot: Slot;
  newId: () => string;
  now: () => Date;
}
