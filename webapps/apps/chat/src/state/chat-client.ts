/** The chat of one signed-in person in one tab: connection, conversations and outbox together. */
import type {
  AckFrame,
  ChatRecord,
  ConnectedFrame,
  Conversation,
  Page,
  ServerFrame,
} from "@parley/contract";

import type {
  Connection,
  ConnectionListener,
  ConnectionStatus,
  StopReason,
} from "../socket/connection";
import { Delivery } from "./delivery";
import { Outbox, type Pending, type Slot } from "./outbox";
import { Threads, type Thread } from "./threads";

export interface ChatState {
  status: ConnectionStatus;
  stopReason: StopReason | null;
  /** False until the first connection, so that a page just opened shows no alarm. */
  everOpen: boolean;
  threads: Readonly<Record<string, Thread>>;
  outbox: Pending[];
  /** Conversations started from this tab, which the list from the server may not have yet. */
  started: Conversation[];
  messageChars: number;
}

export interface ChatPorts {
  userId: string;
  connect: (listener: ConnectionListener) => Connection;
  history: (conversationId: string, before?: string) => Promise<Page<ChatRecord>>;
  slot: Slot;
  newId: () => string;
  now: () => Date;
}

/** Decided by the product; the server's own limit, when smaller, wins. */
export const MESSAGE_CHARS = 8_000;

export class ChatClient {
  #state: ChatState;
  #epoch: string | null = null;
  #active: string | null = null;
  readonly #listeners = new Set<() => void>();
  readonly #connection: Connection;
  readonly #outbox: Outbox;
  readonly #threads: Threads;
  readonly #delivery: Delivery;
  readonly #startListeners = new Set<(clientId: string, id: string) => void>();

  constructor(private readonly ports: ChatPorts) {
    this.#connection = ports.connect(this.#listener());
    const send = this.#connection.send.bind(this.#connection);
    this.#outbox = new Outbox(ports.slot, `parley.outbox.${ports.userId}`, () =>
      this.#set({ outbox: this.#outbox.entries }),
    );
    this.#threads = new Threads({
      send,
      history: ports.history,
      changed: (threads) => this.#set({ threads }),
      onJoined: () => this.#delivery.flush(),
      onRecords: (records) => {
        for (const { client_message_id: ref } of records) if (ref) this.#delivery.onLog(ref);
      },
    });
    this.#delivery = new Delivery(this.#outbox, {
      send,
      joined: (id) => this.#threads.isJoined(id),
      rejoin: (id) => this.#threads.join(id),
      onStarted: (clientId, id, title) => this.#started(clientId, id, title),
    });
    this.#state = {
      status: this.#connection.status,
      stopReason: null,
      everOpen: false,
      threads: {},
      outbox: this.#outbox.entries,
      started: [],
      messageChars: MESSAGE_CHARS,
    };
  }

  readonly getState = (): ChatState => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  onStarted(listener: (clientId: string, id: string) => void): () => void {
    this.#startListeners.add(listener);
    return () => this.#startListeners.delete(listener);
  }

  start(): void {
    this.#connection.start();
  }

  stop(): void {
    this.#connection.stop();
  }

  hurry(): void {
    this.#connection.hurry();
  }

  lostNetwork(): void {
    this.#connection.lostNetwork();
  }

  /** Shows a conversation: its history, and from now on everything live. */
  open(id: string): void {
    this.#active = id;
    const thread = this.#threads.get(id);
    if (!thread.joined) this.#threads.join(id);
    if (!thread.loaded && !thread.loading) void this.#threads.load(id);
  }

  close(id: string): void {
    if (this.#active === id) this.#active = null;
    const pending = this.#outbox.entries.some((entry) => entry.conversation_id === id);
    if (!pending) this.#threads.leave(id);
  }

  reload(id: string): void {
    void this.#threads.load(id);
  }

  loadOlder(id: string): Promise<void> {
    return this.#threads.loadOlder(id);
  }

  /** Takes a message for a conversation, or for the one it starts under this client id. */
  send(text: string, to: { conversationId: string } | { clientConversationId: string }): void {
    const known = "conversationId" in to;
    this.#outbox.add({
      client_message_id: this.ports.newId(),
      conversation_id: known ? to.conversationId : null,
      client_conversation_id: known ? null : to.clientConversationId,
      text,
      created_at: this.ports.now().toISOString(),
      state: "queued",
      message_id: null,
      failure: null,
    });
    this.#delivery.flush();
  }

  retry(clientMessageId: string): void {
    this.#outbox.update(clientMessageId, { state: "queued", failure: null });
    this.#delivery.flush();
  }

  discard(clientMessageId: string): void {
    this.#outbox.remove(clientMessageId);
  }

  #listener(): ConnectionListener {
    return {
      onStatus: (status, stopReason) => {
        if (status !== "open" && this.#state.status === "open") {
          this.#threads.interrupt();
          this.#delivery.interrupt();
        }
        this.#set({ status, stopReason });
      },
      onConnected: (frame) => this.#connected(frame),
      onFrame: (frame) => this.#receive(frame),
      resume: () =>
        this.#epoch ? { epoch: this.#epoch, positions: this.#threads.positions() } : undefined,
    };
  }

  #connected({ epoch, limits }: ConnectedFrame): void {
    if (this.#epoch !== null && this.#epoch !== epoch) this.#threads.forgetPositions();
    this.#epoch = epoch;
    const messageChars = Math.min(MESSAGE_CHARS, limits.message_chars);
    this.#set({ everOpen: true, messageChars });
    const waiting = this.#outbox.entries.flatMap((entry) => entry.conversation_id ?? []);
    for (const id of new Set([...(this.#active ? [this.#active] : []), ...waiting])) {
      this.#threads.join(id);
    }
    this.#delivery.flush();
  }

  #receive(frame: ServerFrame): void {
    if (frame.type === "ack") {
      if (!this.#delivery.onAck(frame)) this.#threads.onAck(frame);
    } else if (frame.type === "message" || frame.type === "reply") this.#threads.onRecord(frame);
    else if (frame.type === "reset") this.#threads.onReset(frame.conversation_id);
    else if (frame.type === "error" && frame.ref) {
      const { ref, code, detail } = frame;
      const refusal: AckFrame = { type: "ack", ref, status: "rejected", code, detail };
      if (!this.#delivery.onAck(refusal)) this.#threads.onAck(refusal);
    }
  }

  #started(clientId: string, id: string, title: string): void {
    this.#threads.started(id);
    const started_at = this.ports.now().toISOString();
    const unsaid = { last_message_at: null, last_message_preview: null };
    const conversation = { id, title, status: "active", started_at, ...unsaid };
    this.#set({ started: [conversation, ...this.#state.started] });
    for (const listener of this.#startListeners) listener(clientId, id);
  }

  #set(change: Partial<ChatState>): void {
    // The outbox may speak while the constructor is still at work.
    if (!this.#state) return;
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener();
  }
}
