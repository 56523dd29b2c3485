/** The chat of one signed-in person in one tab: connection, conversations and outbox together. */
import type {
  AckFrame,
  ChatRecord,
  ConnectedFrame,
  Handler,
  Rating,
  Reaction,
  RequestFrame,
  ServerFrame,
} from "@parley/contract";

import type { Connection, ConnectionListener } from "../socket/connection";
import type { ChatPorts, ChatState } from "./chat-state";
import { Deliveries } from "./deliveries";
import { Delivery } from "./delivery";
import { Drafts } from "./drafts";
import { Here } from "./here";
import { Kept } from "./kept";
import { Outbox } from "./outbox";
import { Requests } from "./requests";
import { Started } from "./started";
import { Threads } from "./threads";
import { timeKey } from "./timeline";
import { Typing } from "./typing";
import { Wholes } from "./wholes";

/** Decided by the product; the server's own limit, when smaller, wins. */
export const MESSAGE_CHARS = 8_000;

/** Marks are nothing that a person did: nobody hears that one was refused. */
const QUIET: ReadonlySet<string> = new Set<RequestFrame["type"]>(["read", "delivered"]);

export class ChatClient {
  #state: ChatState;
  #epoch: string | null = null;
  #active: string | null = null;
  readonly #listeners = new Set<() => void>();
  readonly #connection: Connection;
  readonly #outbox: Outbox;
  readonly #threads: Threads;
  readonly #delivery: Delivery;
  readonly #requests: Requests;
  readonly #typing: Typing;
  readonly #deliveries: Deliveries;
  readonly wholes: Wholes;
  readonly #here: Here;
  readonly #started: Started;
  readonly #drafts = new Drafts((drafts) => this.#set({ drafts }));
  readonly #startListeners = new Set<(clientId: string, id: string) => void>();

  constructor(private readonly ports: ChatPorts) {
    this.#connection = ports.connect(this.#listener());
    const send = this.#connection.send.bind(this.#connection);
    this.#here = new Here(send);
    this.#started = new Started(ports.userId, (started) => this.#set({ started }));
    this.#outbox = new Outbox(new Kept(ports.slot, `parley.outbox.${ports.userId}`), () =>
      this.#set({ outbox: this.#outbox.entries }),
    );
    this.wholes = new Wholes({
      ...ports,
      changed: (wholes) => this.#set({ wholes }),
      onDeleted: (id) => {
        this.#threads.remove(id);
        this.#outbox.removeAll(id);
      },
    });
    this.#threads = new Threads({
      send,
      userId: ports.userId,
      history: (id, before) => this.wholes.page(id, ports.history(id, before)),
      changed: (threads) => this.#set({ threads }),
      onJoined: () => {
        this.#delivery.flush();
        this.#requests.flush();
        // Only people of joined conversations are told of.
        this.#here.sayWatched();
      },
      onRecords: (records) => {
        for (const record of records) {
          const { client_message_id: ref, conversation_id, sender } = record;
          if (record.type === "reply") this.#drafts.onReply(record, record.at !== undefined);
          if (ref) this.#delivery.onLog(ref);
          this.#typing.stop(conversation_id, sender.id);
        }
        this.#deliveries.onRecords(records);
      },
    });
    this.#delivery = new Delivery(this.#outbox, {
      send,
      joined: (id) => this.#threads.isJoined(id),
      rejoin: (id) => this.#threads.join(id),
      onStarted: (clientId, id, first) => this.#begun(clientId, id, first),
    });
    this.#requests = new Requests(new Kept(ports.slot, `parley.requests.${ports.userId}`), {
      send,
      joined: (id) => this.#threads.isJoined(id),
      rejoin: (id) => this.#threads.join(id),
      onRefused: ({ type }, code) => {
        if (type === "handover") this.#set({ refusal: { code: type } });
        else if (!QUIET.has(type)) this.#set({ refusal: { code } });
      },
    });
    this.#typing = new Typing(ports.userId, {
      send,
      changed: (typing) => this.#set({ typing }),
    });
    this.#deliveries = new Deliveries({
      userId: ports.userId,
      told: (id) => this.#threads.told(id),
      ask: (frame) => this.#ask(frame),
    });
    this.#state = {
      status: this.#connection.status,
      stopReason: null,
      everOpen: false,
      threads: {},
      outbox: this.#outbox.entries,
      started: [],
      messageChars: MESSAGE_CHARS,
      serverAhead: 0,
      typing: {},
      presence: {},
      drafts: {},
      deskNews: 0,
      refusal: null,
      wholes: {},
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

  /** Comes into somebody else's conversation as an agent, and shows it. */
  async enter(id: string): Promise<void> {
    this.#active = id;
    const entered = await this.#threads.enter(id, this.ports.joinAsAgent);
    if (entered && this.#active === id) this.open(id);
  }

  close(id: string): void {
    if (this.#active === id) this.#active = null;
    const pending = this.#outbox.entries.some((entry) => entry.conversation_id === id);
    if (!pending && !this.#requests.waits(id)) this.#threads.leave(id);
  }

  reload(id: string): void {
    void (this.#threads.isOutside(id) ? this.enter(id) : this.#threads.load(id));
  }

  loadOlder(id: string): Promise<void> {
    return this.#threads.loadOlder(id);
  }

  /** Takes a message for a conversation, or for the one it starts under this client id. */
  send(text: string, to: { conversationId: string } | { clientConversationId: string }): void {
    const known = "conversationId" in to;
    if (known) this.#typing.say(to.conversationId, false);
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

  edit(record: ChatRecord, text: string): void {
    if (text === record.text) return;
    this.#ask({ type: "message:edit", text, ...this.#about(record), client_event_id: this.#name() });
  }

  delete(record: ChatRecord): void {
    this.#ask({ type: "message:delete", ...this.#about(record) });
  }

  /** Puts an emoji on a message, or takes one's own off again. */
  react(record: ChatRecord, emoji: string): void {
    const mine = ({ user_id, emoji: on }: Reaction) => user_id === this.ports.userId && on === emoji;
    const active = !record.reactions?.some(mine);
    const about = { ...this.#about(record), client_event_id: this.#name() };
    this.#ask({ type: "reaction", emoji, active, ...about });
  }

  /** Says what an answer is worth, and why; the last word counts. */
  rate(record: ChatRecord, rating: Rating, reason?: string): void {
    const about = { ...this.#about(record), client_event_id: this.#name() };
    this.#ask({ type: "feedback", rating, ...(reason ? { reason } : {}), ...about });
  }

  /** What is written of the answer to this question is enough. */
  stopReply(conversation_id: string, message_id: string): void {
    const about = { ref: this.#name(), conversation_id, message_id };
    this.#ask({ type: "reply:stop", ...about, client_event_id: this.#name() });
  }

  /** This question is to be answered once more. */
  regenerateReply(conversation_id: string, message_id: string): void {
    const about = { ref: this.#name(), conversation_id, message_id };
    this.#ask({ type: "reply:regenerate", ...about, client_event_id: this.#name() });
  }

  /** A person is to answer in this conversation, or the assistant again. */
  handOver(conversation_id: string, to: Handler): void {
    const ref = this.#name();
    this.#ask({ type: "handover", ref, conversation_id, to, client_event_id: this.#name() });
  }

  /** Everything up to the newest message of others was seen. */
  markRead(id: string): void {
    const { records, marks } = this.#threads.get(id);
    const newest = records.findLast((record) => record.sender.id !== this.ports.userId);
    if (!newest) return;
    const mark = marks[this.ports.userId];
    if (mark && timeKey(mark.up_to) >= timeKey(newest.occurred_at)) return;
    const ref = `read:${newest.message_id}`;
    if (!this.#requests.knows(ref)) this.#ask({ type: "read", ...this.#about(newest), ref });
  }

  /** One types in a conversation, or stopped. */
  typing(id: string, active: boolean): void {
    this.#typing.say(id, active);
  }

  /** Hear whether these people are here. */
  watch(userIds: string[]): void {
    this.#here.watch(userIds);
  }

  /** Whether this device was left alone. */
  setIdle(idle: boolean): void {
    this.#here.setIdle(idle);
  }

  retry(clientMessageId: string): void {
    this.#outbox.update(clientMessageId, { state: "queued", failure: null });
    this.#delivery.flush();
  }

  discard(clientMessageId: string): void {
    this.#outbox.remove(clientMessageId);
  }

  #name(): string {
    return this.ports.newId();
  }

  #about({ conversation_id, message_id }: ChatRecord) {
    return { ref: this.#name(), conversation_id, message_id };
  }

  #ask(frame: RequestFrame): void {
    if (!QUIET.has(frame.type)) this.#set({ refusal: null });
    this.#requests.ask(frame);
  }

  #listener(): ConnectionListener {
    return {
      onStatus: (status, stopReason) => {
        if (status !== "open" && this.#state.status === "open") {
          this.#threads.interrupt();
          this.#delivery.interrupt();
          this.#requests.interrupt();
        }
        this.#set({ status, stopReason });
      },
      onConnected: (frame) => this.#connected(frame),
      onFrame: (frame) => this.#receive(frame),
    };
  }

  #connected({ epoch, limits, server_time }: ConnectedFrame): void {
    this.#serves(epoch);
    const messageChars = Math.min(MESSAGE_CHARS, limits.message_chars);
    const serverAhead = Date.parse(server_time) - this.ports.now().getTime();
    // What happened meanwhile was not heard.
    const deskNews = this.#state.deskNews + 1;
    this.#set({ everOpen: true, messageChars, serverAhead, deskNews });
    const unsent = this.#outbox.entries.flatMap((entry) => entry.conversation_id ?? []);
    const waiting = [...unsent, ...this.#requests.conversations];
    for (const id of new Set([...(this.#active ? [this.#active] : []), ...waiting])) {
      this.#threads.join(id);
    }
    this.#delivery.flush();
    this.#here.connected();
  }

  /** Positions of another history mean nothing in this one. */
  #serves(epoch: string): void {
    if (this.#epoch !== null && this.#epoch !== epoch) this.#threads.forgetPositions();
    this.#epoch = epoch;
    this.#threads.epoch = epoch;
  }

  #answered(ack: AckFrame): void {
    if (!this.#delivery.onAck(ack) && !this.#requests.onAck(ack)) this.#threads.onAck(ack);
  }

  #receive(frame: ServerFrame): void {
    switch (frame.type) {
      case "ack":
        return this.#answered(frame);
      case "message":
      case "reply":
        return this.#threads.onRecord(frame);
      case "reply:delta":
        return this.#drafts.onDelta(frame);
      case "reply:failed":
        this.#threads.onFailed(frame);
        return this.#drafts.onFailed(frame);
      case "conversation:started":
        return this.#started.elsewhere(frame);
      case "conversation:renamed":
      case "conversation:ended":
      case "conversation:deleted":
        this.#threads.onWhole(frame);
        return this.wholes.onFrame(frame);
      case "handover":
        this.#typing.clear(frame.conversation_id);
        this.#threads.onHandover(frame);
        return this.#set({ deskNews: this.#state.deskNews + 1 });
      case "conversation:joined":
        this.#threads.onAgent(frame);
        return this.#set({ deskNews: this.#state.deskNews + 1 });
      case "message:edited":
      case "message:deleted":
      case "reaction":
      case "feedback":
        return this.#threads.onChange(frame);
      case "read":
        return this.#threads.onRead(frame);
      case "delivered":
        return this.#threads.onDelivered(frame);
      case "typing":
        return this.#typing.onFrame(frame);
      case "presence":
        return this.#set({ presence: { ...this.#state.presence, [frame.user_id]: frame } });
      case "caught_up":
        return this.#threads.onCaughtUp(frame);
      case "reset":
        if (frame.epoch) this.#serves(frame.epoch);
        return this.#threads.onReset(frame.conversation_id);
      case "error": {
        const { ref, code, detail } = frame;
        if (ref) this.#answered({ type: "ack", ref, status: "rejected", code, detail });
      }
    }
  }

  #begun(clientId: string, id: string, first: string): void {
    this.#threads.started(id);
    this.#started.here(id, this.ports.now().toISOString(), first);
    for (const listener of this.#startListeners) listener(clientId, id);
  }

  #set(change: Partial<ChatState>): void {
    // The outbox may speak while the constructor is still at work.
    if (!this.#state) return;
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener();
  }
}
