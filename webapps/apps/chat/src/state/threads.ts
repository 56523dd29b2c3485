/**
 * What is known of each conversation: its records, how far back they reach, and whether this
 * connection hears it live. Joining and history may answer in any order; records merge by id.
 */
import {
  toProblem,
  type AckFrame,
  type Agent,
  type CaughtUpFrame,
  type ChangeFrame,
  type ChatRecord,
  type ClientFrame,
  type DeliveredFrame,
  type ConversationJoinedFrame,
  type Handover,
  type HandoverFrame,
  type HistoryPage,
  type Person,
  type ProblemError,
  type ReadFrame,
  type ReplyFailedFrame,
  type WholeFrame,
} from "@parley/contract";

import { backoff } from "../socket/backoff";
import { agentOf, mergeAgents } from "./agents";
import { Changes, markOf, mergeMarks, type ReadMarks } from "./changes";
import { handoverOf, laterHandover } from "./handover";
import { Progress } from "./progress";
import { compareRecords, mergeRecords, timeKey } from "./timeline";

export interface Thread {
  /** As they are now: edited, deleted, reacted to. */
  records: ChatRecord[];
  /** How far each has read. */
  marks: ReadMarks;
  /** How far what was said has reached each; who has read it has it too. */
  delivered: ReadMarks;
  /** The latest; null while the assistant always answered. */
  handover: Handover | null;
  /** Whose it is; null until its history is loaded. */
  owner: Person | null;
  /** Who came in besides its owner. */
  agents: readonly Agent[];
  /** Cursor of the next older page; null when the beginning is loaded. */
  older: string | null;
  loaded: boolean;
  loading: boolean;
  joined: boolean;
  /** Everything up to the present has come. */
  current: boolean;
  missing: boolean;
  problem: ProblemError | null;
}

export interface ThreadPorts {
  userId: string;
  send: (frame: ClientFrame) => boolean;
  history: (conversationId: string, before?: string) => Promise<HistoryPage<ChatRecord>>;
  changed: (threads: Readonly<Record<string, Thread>>) => void;
  onJoined: (conversationId: string) => void;
  /** Records that came from the log, live or from history. */
  onRecords: (records: ChatRecord[]) => void;
}

export const EMPTY: Thread = {
  records: [],
  marks: {},
  delivered: {},
  handover: null,
  owner: null,
  agents: [],
  older: null,
  loaded: false,
  loading: false,
  joined: false,
  current: false,
  missing: false,
  problem: null,
};
/** An edge learns of a new conversation from the log; a moment later it knows. */
const FRESH_JOIN_TRIES = 8;

export class Threads {
  #threads: Readonly<Record<string, Thread>> = {};
  readonly #progress = new Progress();
  /** Refs of joins under way: which conversation, and whether positions went along. */
  readonly #joins = new Map<string, { id: string; resumed: boolean; tries: number }>();
  readonly #changes = new Map<string, Changes>();
  readonly #fresh = new Set<string>();
  /** Conversations of others that one has not come into yet. */
  readonly #outside = new Set<string>();
  readonly #resets = new Map<string, number>();
  /** Refs of joins that bring only what is recent: the history has the rest. */
  readonly #partial = new Set<string>();
  readonly #retries = new Set<ReturnType<typeof setTimeout>>();
  #count = 0;
  /** Names the history that positions belong to; told by each connection. */
  epoch: string | null = null;

  constructor(private readonly ports: ThreadPorts) {}

  get(id: string): Thread {
    return this.#threads[id] ?? EMPTY;
  }

  /** Up to when this person is known to have, or have read, everything; as a time key. */
  told(id: string): string {
    const { marks, delivered } = this.get(id);
    const own = [marks[this.ports.userId], delivered[this.ports.userId]];
    const keys = own.map((mark) => (mark ? timeKey(mark.up_to) : ""));
    return keys.sort().at(-1) ?? "";
  }

  isJoined(id: string): boolean {
    return this.get(id).joined;
  }

  /** Whether it is still to be come into. */
  isOutside(id: string): boolean {
    return this.#outside.has(id);
  }

  /** A conversation started from here: joined by that, and without any history yet. */
  started(id: string): void {
    this.#fresh.add(id);
    this.#progress.caughtUp(id, []);
    this.#set(id, { joined: true, loaded: true });
  }

  join(id: string, tries = 0): void {
    if (this.#outside.has(id)) return;
    if ([...this.#joins.values()].some((join) => join.id === id)) return;
    this.#sendJoin(id, tries);
  }

  leave(id: string): void {
    if (!this.isJoined(id)) return;
    this.#set(id, { joined: false, current: false });
    this.ports.send({
      type: "conversation:leave",
      ref: `leave:${++this.#count}`,
      conversation_id: id,
    });
  }

  /** The connection is gone: nothing is joined any more. */
  interrupt(): void {
    this.#joins.clear();
    this.#partial.clear();
    for (const retry of this.#retries) clearTimeout(retry);
    this.#retries.clear();
    for (const id of Object.keys(this.#threads)) this.#set(id, { joined: false, current: false });
  }

  /** Positions of another epoch mean nothing: forget them, joining then loads anew. */
  forgetPositions(): void {
    this.#progress.clear();
    for (const changes of this.#changes.values()) changes.forget();
  }

  onAck(ack: AckFrame): void {
    const join = this.#joins.get(ack.ref);
    if (!join) return;
    this.#joins.delete(ack.ref);
    if (ack.status === "accepted") {
      const first = !this.isJoined(join.id);
      this.#set(join.id, { joined: true, missing: false });
      // What the server replays without positions is only the newest; history has the rest.
      if (!join.resumed) void this.load(join.id);
      if (first) this.ports.onJoined(join.id);
    } else if (ack.status === "rejected" && ack.code !== "rate_limited") {
      this.#refused(join.id, join.tries);
    } else this.#joinLater(join.id, join.tries, ack.retry_after_ms ?? 0);
  }

  /** The server cannot replay that far: start over from history. */
  onReset(id: string): void {
    this.#progress.fellBehind(id);
    this.#fresh.delete(id);
    this.#changesOf(id).forget();
    for (const [ref, join] of this.#joins) if (join.id === id) this.#joins.delete(ref);
    // What happens from now on comes all the same; only a history that lags is waited for.
    const before = this.#resets.get(id) ?? 0;
    this.#resets.set(id, before + 1);
    if (before === 0) void this.load(id, true);
    else this.#later(backoff(before), () => void this.load(id, true));
  }

  /** The server has replayed everything behind the positions that it was given. */
  onCaughtUp({ conversation_id: id, ref, positions }: CaughtUpFrame): void {
    if (ref && this.#partial.delete(ref)) return;
    this.#resets.delete(id);
    this.#progress.caughtUp(id, positions ?? []);
    this.#set(id, { current: true });
  }

  onRecord(record: ChatRecord): void {
    const id = record.conversation_id;
    this.#note(record);
    const records = this.#merge(id, this.get(id).records, [record]);
    if (records !== this.get(id).records) this.#set(id, { records });
    this.ports.onRecords([record]);
  }

  onChange(frame: ChangeFrame): void {
    const id = frame.conversation_id;
    this.#note(frame);
    this.#changesOf(id).apply(frame);
    const records = this.#merge(id, this.get(id).records, []);
    if (records !== this.get(id).records) this.#set(id, { records });
  }

  onRead(frame: ReadFrame): void {
    this.#note(frame);
    const { marks } = this.get(frame.conversation_id);
    const further = mergeMarks(marks, [markOf(frame)]);
    if (further !== marks) this.#set(frame.conversation_id, { marks: further });
  }

  onDelivered(frame: DeliveredFrame): void {
    this.#note(frame);
    const { delivered } = this.get(frame.conversation_id);
    const further = mergeMarks(delivered, [markOf(frame)]);
    if (further !== delivered) this.#set(frame.conversation_id, { delivered: further });
  }

  onHandover(frame: HandoverFrame): void {
    this.#note(frame);
    const { handover } = this.get(frame.conversation_id);
    const later = laterHandover(handover, handoverOf(frame));
    if (later !== handover) this.#set(frame.conversation_id, { handover: later });
  }

  /** What it means is known elsewhere; here it is something that was heard. */
  onWhole(frame: WholeFrame): void {
    this.#note(frame);
  }

  /** It was deleted: nothing of it is kept, and it is not joined again. */
  remove(id: string): void {
    this.#progress.fellBehind(id);
    this.#changes.delete(id);
    this.#fresh.delete(id);
    this.#set(id, { ...EMPTY, missing: true });
  }

  onAgent(frame: ConversationJoinedFrame): void {
    this.#note(frame);
    const { agents } = this.get(frame.conversation_id);
    const more = mergeAgents(agents, [agentOf(frame)]);
    if (more !== agents) this.#set(frame.conversation_id, { agents: more });
  }

  /** Comes into somebody else's conversation; false when that failed, which the thread then says. */
  async enter(id: string, come: (id: string) => Promise<void>): Promise<boolean> {
    this.#outside.add(id);
    this.#set(id, { loading: true, missing: false, problem: null });
    try {
      await come(id);
      this.#outside.delete(id);
      this.#set(id, { loading: false });
      return true;
    } catch (error) {
      this.#failed(id, toProblem(error));
      return false;
    }
  }

  /** No answer will come; whether that is worth a word is known without it. */
  onFailed(frame: ReplyFailedFrame): void {
    this.#note(frame);
  }

  /** Loads the newest page and merges it in; after a reset what it does not reach is stale. */
  async load(id: string, anew = false): Promise<void> {
    this.#set(id, { loading: true, problem: null });
    try {
      const page = await this.ports.history(id);
      const thread = this.get(id);
      const first = page.items[0];
      const kept =
        anew && page.next !== null && first
          ? thread.records.filter((record) => compareRecords(record, first) >= 0)
          : thread.records;
      const known = new Set(kept.map((record) => record.event_id));
      // A page that touches nothing known leaves a hole behind it, to be filled by older pages.
      const joins = !anew && thread.loaded && page.items.some((record) => known.has(record.event_id));
      this.#set(id, {
        records: this.#merge(id, kept, page.items),
        marks: mergeMarks(thread.marks, page.read ?? []),
        delivered: mergeMarks(thread.delivered, page.delivered ?? []),
        handover: laterHandover(thread.handover, page.handover),
        owner: page.owner ?? thread.owner,
        agents: mergeAgents(thread.agents, page.agents ?? []),
        older: joins ? thread.older : page.next,
        loaded: true,
        loading: false,
      });
      this.ports.onRecords(page.items);
      this.#reached(id, page.positions ?? []);
    } catch (error) {
      this.#failed(id, toProblem(error));
    }
  }

  async loadOlder(id: string): Promise<void> {
    const { older, loading } = this.get(id);
    if (older === null || loading) return;
    this.#set(id, { loading: true, problem: null });
    try {
      const page = await this.ports.history(id, older);
      const records = this.#merge(id, this.get(id).records, page.items);
      this.#set(id, { records, older: page.next, loading: false });
    } catch (error) {
      this.#set(id, { loading: false, problem: toProblem(error) });
    }
  }

  /** The history is complete up to these positions: what comes after them is asked for. */
  #reached(id: string, positions: string[]): void {
    if (this.#progress.isComplete(id)) return;
    if (positions.length === 0) this.#progress.caughtUp(id, []);
    else {
      this.#progress.reaches(id, positions);
      this.#sendJoin(id, 0);
    }
  }

  #sendJoin(id: string, tries: number): void {
    const ref = `join:${++this.#count}`;
    const positions = this.#progress.positions(id);
    const resumed = positions.length > 0;
    const frame: ClientFrame = { type: "conversation:join", ref, conversation_id: id };
    if (resumed) frame.positions = positions;
    if (resumed && this.epoch) frame.epoch = this.epoch;
    if (!this.ports.send(frame)) return;
    this.#joins.set(ref, { id, resumed, tries });
    if (!resumed && !this.#progress.isComplete(id)) this.#partial.add(ref);
  }

  #refused(id: string, tries: number): void {
    if (this.isJoined(id)) return;
    if (this.#fresh.has(id) && tries < FRESH_JOIN_TRIES) this.#joinLater(id, tries, 0);
    else this.#set(id, { missing: true });
  }

  #joinLater(id: string, tries: number, atLeast: number): void {
    this.#later(Math.max(atLeast, backoff(tries)), () => this.join(id, tries + 1));
  }

  #later(delay: number, work: () => void): void {
    const retry = setTimeout(() => {
      this.#retries.delete(retry);
      work();
    }, delay);
    this.#retries.add(retry);
  }

  #failed(id: string, problem: ProblemError): void {
    // 422: what stands in the address is no id at all.
    const gone = problem.status === 404 || problem.status === 422;
    if (gone && this.#fresh.has(id)) this.#set(id, { loading: false, loaded: true });
    else if (gone) this.#set(id, { loading: false, missing: true });
    else this.#set(id, { loading: false, problem });
  }

  #changesOf(id: string): Changes {
    const changes = this.#changes.get(id) ?? new Changes(this.ports.userId);
    this.#changes.set(id, changes);
    return changes;
  }

  /** The same array when nothing came and nothing changed. */
  #merge(id: string, known: ChatRecord[], more: ChatRecord[]): ChatRecord[] {
    const changes = this.#changesOf(id);
    for (const record of more) changes.say(record);
    const merged = mergeRecords(known, more);
    const now = merged.map((record) => changes.show(record.message_id) ?? record);
    return now.some((record, index) => record !== merged[index]) ? now : merged;
  }

  /** What agents hear of conversations that they have not joined has no position. */
  #note({ conversation_id: id, at }: { conversation_id: string; at?: string | null }): void {
    if (at) this.#progress.note(id, at);
  }

  #set(id: string, change: Partial<Thread>): void {
    this.#threads = { ...this.#threads, [id]: { ...this.get(id), ...change } };
    this.ports.changed(this.#threads);
  }
}
