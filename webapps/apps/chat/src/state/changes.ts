/**
 * What became of the messages of one conversation. Every part is a maximum, so that repeats and
 * disorder change nothing, and an old state with the events since equals a fresh fetch.
 */
import type {
  ChangeFrame,
  ChatRecord,
  DeliveredFrame,
  Rating,
  Reaction,
  ReadFrame,
  ReadMark,
} from "@parley/contract";

import { timeKey } from "./timeline";

interface Ranked {
  rank: string;
}
interface Edit extends Ranked {
  text: string;
  at: string;
}
interface React extends Ranked, Reaction {
  active: boolean;
}
interface Rated extends Ranked {
  rating: Rating;
}

const rankOf = (event: { occurred_at: string; event_id: string }): string =>
  `${timeKey(event.occurred_at)} ${event.event_id}`;

/** Only the author's wishes count; others never match a record. */
const authorOf = ({ message_id, sender }: { message_id: string; sender: { id: string } }): string =>
  `${message_id} ${sender.id}`;

export class Changes {
  readonly #records = new Map<string, ChatRecord>();
  readonly #shown = new Map<string, ChatRecord>();
  readonly #edits = new Map<string, Edit>();
  readonly #deleted = new Set<string>();
  readonly #reactions = new Map<string, Map<string, React>>();
  readonly #ratings = new Map<string, Rated>();

  /** Of ratings only the reader's own are shown, live as in history. */
  constructor(private readonly userId: string) {}

  /** Events were missed: what the history says next stands, and only what comes after changes it. */
  forget(): void {
    this.#edits.clear();
    this.#deleted.clear();
    this.#reactions.clear();
    this.#ratings.clear();
  }

  /** Takes a message in; one that history gives replaces what a live frame said. */
  say(record: ChatRecord): void {
    const stored = record.reactions !== undefined;
    if (!stored && this.#records.has(record.message_id)) return;
    this.#records.set(record.message_id, record);
    this.#shown.delete(record.message_id);
  }

  apply(frame: ChangeFrame): void {
    this.#shown.delete(frame.message_id);
    if (frame.type === "message:deleted") this.#deleted.add(authorOf(frame));
    else if (frame.type === "message:edited") {
      const edit = { rank: rankOf(frame), text: frame.text, at: frame.occurred_at };
      keepLatest(this.#edits, authorOf(frame), edit);
    } else if (frame.type === "reaction") this.#react(frame);
    else if (frame.sender.id === this.userId) {
      keepLatest(this.#ratings, frame.message_id, { rank: rankOf(frame), rating: frame.rating });
    }
  }

  /** The message as it is now; the same object until something changes it. */
  show(messageId: string): ChatRecord | undefined {
    const record = this.#records.get(messageId);
    if (!record) return undefined;
    const shown = this.#shown.get(messageId) ?? this.#show(record);
    this.#shown.set(messageId, shown);
    return shown;
  }

  #react(frame: Extract<ChangeFrame, { type: "reaction" }>): void {
    const { message_id, emoji, active } = frame;
    const user_id = frame.sender.id;
    const on = this.#reactions.get(message_id) ?? new Map<string, React>();
    this.#reactions.set(message_id, on);
    keepLatest(on, `${user_id} ${emoji}`, { rank: rankOf(frame), user_id, emoji, active });
  }

  #show(record: ChatRecord): ChatRecord {
    const edit = this.#edits.get(authorOf(record));
    const changed = this.#reactions.get(record.message_id);
    if (record.type === "message" && (record.deleted || this.#deleted.has(authorOf(record)))) {
      return { ...record, text: null, deleted: true, edited_at: null, reactions: [] };
    }
    const reactions = changed ? reactionsOf(record, changed) : record.reactions;
    const known = record.edited_at ? timeKey(record.edited_at) : "";
    if (record.type === "message" && edit && timeKey(edit.at) > known) {
      return { ...record, text: edit.text, edited_at: edit.at, reactions };
    }
    const rated = this.#ratings.get(record.message_id);
    if (record.type === "reply" && rated) return { ...record, reactions, rating: rated.rating };
    return changed ? { ...record, reactions } : record;
  }
}

function keepLatest<Value extends Ranked>(known: Map<string, Value>, key: string, value: Value) {
  const before = known.get(key);
  if (!before || before.rank < value.rank) known.set(key, value);
}

function reactionsOf(record: ChatRecord, changed: Map<string, React>): Reaction[] {
  const on = new Map((record.reactions ?? []).map((each) => [`${each.user_id} ${each.emoji}`, each]));
  for (const [key, { active, user_id, emoji }] of changed) {
    if (active) on.set(key, { user_id, emoji });
    else on.delete(key);
  }
  return [...on.values()];
}

export type ReadMarks = Readonly<Record<string, ReadMark>>;

/** The same object when nothing moved forward. */
export function mergeMarks(known: ReadMarks, more: ReadMark[]): ReadMarks {
  const further = more.filter((mark) => {
    const before = known[mark.user_id];
    return !before || timeKey(before.up_to) < timeKey(mark.up_to);
  });
  if (further.length === 0) return known;
  return further.reduce<ReadMarks>((marks, mark) => ({ ...marks, [mark.user_id]: mark }), known);
}

export function markOf({ sender, message_id, up_to }: ReadFrame | DeliveredFrame): ReadMark {
  return { user_id: sender.id, message_id, up_to };
}

/** How far a message has come that is on the log: to anybody else's device, before their eyes. */
export type Reach = "sent" | "delivered" | "read";

interface Marked {
  marks: ReadMarks;
  delivered: ReadMarks;
}

export function reachOf(record: ChatRecord, marked: Marked | undefined, userId: string): Reach {
  if (marked && markedByOthers(record, marked.marks, userId)) return "read";
  return marked && markedByOthers(record, marked.delivered, userId) ? "delivered" : "sent";
}

function markedByOthers(record: ChatRecord, marks: ReadMarks, userId: string): boolean {
  const at = timeKey(record.occurred_at);
  return Object.values(marks).some(
    (mark) => mark.user_id !== userId && timeKey(mark.up_to) >= at,
  );
}
