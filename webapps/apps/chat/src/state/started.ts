/** Conversations that were started since the list was loaded, here or on another device. */
import type { Conversation, ConversationStartedFrame } from "@parley/contract";

type Begun = Pick<Conversation, "id" | "started_at" | "title" | "first_message_preview">;

export class Started {
  #items: readonly Conversation[] = [];

  constructor(
    private readonly userId: string,
    private readonly changed: (started: Conversation[]) => void,
  ) {}

  here(id: string, started_at: string, first: string): void {
    this.#list({ id, started_at, title: null, first_message_preview: first });
  }

  /** All devices of its owner are told; to this tab it is news unless it started it. */
  elsewhere(frame: ConversationStartedFrame): void {
    const { conversation_id: id, occurred_at: started_at, owner_id, replayed } = frame;
    if (replayed || owner_id !== this.userId) return;
    if (this.#items.some((item) => item.id === id)) return;
    this.#list({ id, started_at, title: frame.title ?? null, first_message_preview: null });
  }

  #list(known: Begun): void {
    const unsaid = { last_message_at: null, last_message_preview: null };
    const conversation = { status: "active", handled_by: "assistant", ...unsaid, ...known } as const;
    const others = this.#items.filter((item) => item.id !== known.id);
    this.#items = [conversation, ...others];
    this.changed([...this.#items]);
  }
}
