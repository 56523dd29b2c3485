/**
 * Conversations as a whole: what they are called, which have ended and which are gone. Of titles
 * the latest counts; an end and a deletion are for ever, so repeats and disorder change nothing.
 */
import {
  toProblem,
  type ChatRecord,
  type ConversationChange,
  type HistoryPage,
  type WholeFrame,
} from "@parley/contract";

import { backoff } from "../socket/backoff";
import { timeKey } from "./timeline";

export interface Whole {
  title: { text: string | null; at: string; rank: string } | null;
  ended: boolean;
  deleted: boolean;
}
export type ById = Readonly<Record<string, Whole>>;

export interface WholePorts {
  change: (conversationId: string, change: ConversationChange) => Promise<unknown>;
  remove: (conversationId: string) => Promise<unknown>;
  newId: () => string;
  changed: (wholes: ById) => void;
  /** It is gone, by this tab or another. */
  onDeleted: (conversationId: string) => void;
}

const UNKNOWN: Whole = { title: null, ended: false, deleted: false };
/** Not done, or not known to be: the same is asked again. */
const PASSING = new Set([0, 429, 503]);
const TRIES = 3;
const NOT_FOUND = 404;

export class Wholes {
  #known: ById = {};

  constructor(private readonly ports: WholePorts) {}

  /** Throws a ProblemError when it is refused, or nobody could be reached for a while. */
  async rename(id: string, title: string): Promise<void> {
    const change = { title, client_event_id: this.ports.newId() };
    await surely(() => this.ports.change(id, change));
  }

  /** Throws as `rename` does. */
  async end(id: string): Promise<void> {
    await surely(() => this.ports.change(id, { status: "ended" }));
    this.#set(id, { ended: true });
  }

  /** Throws as `rename` does; what is gone already is deleted. */
  async remove(id: string): Promise<void> {
    try {
      await surely(() => this.ports.remove(id));
    } catch (error) {
      if (toProblem(error).status !== NOT_FOUND) throw error;
    }
    this.#delete(id);
  }

  onFrame(frame: WholeFrame): void {
    const { conversation_id: id } = frame;
    if (frame.type === "conversation:ended") this.#set(id, { ended: true });
    else if (frame.type === "conversation:deleted") this.#delete(id);
    else this.#call(id, frame.title, frame);
  }

  /** Takes in what a page of the history says, and gives it on. */
  async page(
    id: string,
    loading: Promise<HistoryPage<ChatRecord>>,
  ): Promise<HistoryPage<ChatRecord>> {
    const page = await loading;
    if (page.title) this.#call(id, page.title.text, page.title);
    if (page.ended_at) this.#set(id, { ended: true });
    return page;
  }

  #call(id: string, text: string | null, at: { occurred_at: string; event_id: string }): void {
    const rank = `${timeKey(at.occurred_at)} ${at.event_id}`;
    const known = this.#known[id]?.title;
    if (known && known.rank >= rank) return;
    this.#set(id, { title: { text, at: at.occurred_at, rank } });
  }

  #delete(id: string): void {
    if (this.#known[id]?.deleted) return;
    this.#set(id, { title: null, deleted: true });
    this.ports.onDeleted(id);
  }

  #set(id: string, change: Partial<Whole>): void {
    this.#known = { ...this.#known, [id]: { ...(this.#known[id] ?? UNKNOWN), ...change } };
    this.ports.changed(this.#known);
  }
}

async function surely(ask: () => Promise<unknown>): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      await ask();
      return;
    } catch (error) {
      const problem = toProblem(error);
      if (!PASSING.has(problem.status) || attempt + 1 >= TRIES) throw problem;
      await new Promise((resolve) => setTimeout(resolve, backoff(attempt)));
    }
  }
}
