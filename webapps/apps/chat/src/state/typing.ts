/** Who is typing where: said now and then, and forgotten by itself when nothing more is heard. */
import type { ClientFrame, TypingFrame } from "@parley/contract";

export interface TypingPorts {
  send: (frame: ClientFrame) => boolean;
  changed: (typing: Typists) => void;
}

/** Conversation to the users who type in it. */
export type Typists = Readonly<Record<string, readonly string[]>>;

const SAY_EVERY_MS = 3_000;
/** Whatever a server says, nobody types longer than this without saying so again. */
const MOST_MS = 10_000;

export class Typing {
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  #typists: Typists = {};
  #said: { conversationId: string; at: number } | null = null;

  constructor(
    private readonly userId: string,
    private readonly ports: TypingPorts,
  ) {}

  /** One types here, or stopped. */
  say(conversationId: string, active: boolean): void {
    const now = Date.now();
    const lately =
      this.#said?.conversationId === conversationId && now - this.#said.at < SAY_EVERY_MS;
    if (active ? lately : this.#said?.conversationId !== conversationId) return;
    this.#said = active ? { conversationId, at: now } : null;
    this.ports.send({ type: "typing", conversation_id: conversationId, active });
  }

  onFrame({ conversation_id, user_id, active, expires_ms }: TypingFrame): void {
    if (user_id === this.userId) return;
    this.stop(conversation_id, user_id);
    if (!active) return;
    const stop = () => this.stop(conversation_id, user_id);
    const key = `${conversation_id} ${user_id}`;
    this.#timers.set(key, setTimeout(stop, Math.min(expires_ms, MOST_MS)));
    this.#set(conversation_id, [...(this.#typists[conversation_id] ?? []), user_id]);
  }

  /** Their message came, or their time is over. */
  stop(conversationId: string, userId: string): void {
    const key = `${conversationId} ${userId}`;
    if (!this.#timers.has(key)) return;
    clearTimeout(this.#timers.get(key));
    this.#timers.delete(key);
    const left = (this.#typists[conversationId] ?? []).filter((each) => each !== userId);
    this.#set(conversationId, left);
  }

  /** Who answers changed: nobody is in the middle of a sentence any more. */
  clear(conversationId: string): void {
    for (const userId of this.#typists[conversationId] ?? []) this.stop(conversationId, userId);
  }

  #set(conversationId: string, users: readonly string[]): void {
    this.#typists = { ...this.#typists, [conversationId]: users };
    this.ports.changed(this.#typists);
  }
}
