/**
 * Answers as far as they are written. Pieces find their place by attempt and offset, so that one
 * that comes twice or late changes nothing; the reply ends them, and is what counts.
 */
import type { ReplyDeltaFrame, ReplyFailedFrame, ReplyRecord } from "@parley/contract";

export interface Draft {
  conversationId: string;
  /** The message that it answers. */
  question: string;
  attempt: number;
  text: string;
}
export type DraftsByQuestion = Readonly<Record<string, Draft>>;

/** After so long without a piece the writer is gone; another starts again, or the reply comes. */
const SILENT_MS = 60_000;

export class Drafts {
  #drafts: DraftsByQuestion = {};
  /** The highest attempt that a reply has ended, by question. */
  readonly #ended = new Map<string, number>();
  readonly #silences = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(private readonly changed: (drafts: DraftsByQuestion) => void) {}

  onDelta({ conversation_id, in_reply_to, attempt, offset, text }: ReplyDeltaFrame): void {
    const known = this.#drafts[in_reply_to];
    if (attempt <= (this.#ended.get(in_reply_to) ?? 0)) return;
    if (known && attempt < known.attempt) return;
    const before = known?.attempt === attempt ? known.text : "";
    // Offsets count characters as people do, not the halves that JavaScript makes of some.
    const characters = Array.from(before);
    if (offset > characters.length) return;
    if (offset < characters.length && offset + Array.from(text).length <= characters.length) return;
    const grown = characters.slice(0, offset).join("") + text;
    this.#watch(in_reply_to);
    const draft = { conversationId: conversation_id, question: in_reply_to, attempt, text: grown };
    this.#set({ ...this.#drafts, [in_reply_to]: draft });
  }

  /** A reply came, live or from history; an old one does not end an attempt that is newer. */
  onReply({ in_reply_to, attempt }: ReplyRecord, live: boolean): void {
    const known = this.#drafts[in_reply_to];
    const upto = attempt ?? (live ? (known?.attempt ?? 0) : 0);
    this.#ended.set(in_reply_to, Math.max(upto, this.#ended.get(in_reply_to) ?? 0));
    if (known && known.attempt <= upto) this.#drop(in_reply_to);
  }

  /** No answer will come: what was written of it is over. */
  onFailed({ in_reply_to }: ReplyFailedFrame): void {
    const known = this.#drafts[in_reply_to];
    if (!known) return;
    this.#ended.set(in_reply_to, known.attempt);
    this.#drop(in_reply_to);
  }

  #watch(question: string): void {
    clearTimeout(this.#silences.get(question));
    this.#silences.set(
      question,
      setTimeout(() => this.#drop(question), SILENT_MS),
    );
  }

  #drop(question: string): void {
    clearTimeout(this.#silences.get(question));
    this.#silences.delete(question);
    const { [question]: dropped, ...others } = this.#drafts;
    if (dropped) this.#set(others);
  }

  #set(drafts: DraftsByQuestion): void {
    this.#drafts = drafts;
    this.changed(drafts);
  }
}
