/** The server's side of a chat client, for tests that need no network. */
import type {
  Agent,
  ChatRecord,
  ClientFrame,
  ConversationChange,
  Handover,
  HistoryPage,
  Person,
  ReadMark,
  ServerFrame,
} from "@parley/contract";
import { vi } from "vitest";

import type { Connection, ConnectionListener } from "../src/socket/connection";
import { ChatClient } from "../src/state/chat-client";
import { ME, TALK } from "./records";

const LIMITS = { frame_bytes: 65536, message_chars: 8000, ping_seconds: 20 };

/** The server's side of a connection: hears frames, answers what a test says. */
export class FakeServer {
  sent: ClientFrame[] = [];
  history: ChatRecord[] = [];
  older: string | null = null;
  read: ReadMark[] = [];
  delivered: ReadMark[] = [];
  handover: Handover | null = null;
  positions: string[] = [];
  title: HistoryPage<ChatRecord>["title"] = null;
  endedAt: string | null = null;
  /** What was asked of conversations as a whole; a deletion is null. */
  changes: (ConversationChange | null)[] = [];
  /** How such changes fail, one after the other; then they are done. */
  failures: Error[] = [];
  owner: Person | null = null;
  agents: Agent[] = [];
  /** What was come into; answered when it is let go on. */
  entered: string[] = [];
  come: () => Promise<void> = async () => undefined;
  loads = 0;
  isOpen = false;
  listener!: ConnectionListener;
  #ids = 0;

  readonly connection = {
    status: "waiting",
    start: () => this.open(),
    stop: () => undefined,
    send: (frame: ClientFrame) => {
      if (this.isOpen) this.sent.push(frame);
      return this.isOpen;
    },
  };

  client(): ChatClient {
    return new ChatClient({
      userId: ME,
      connect: (listener) => {
        this.listener = listener;
        return this.connection as unknown as Connection;
      },
      history: async (): Promise<HistoryPage<ChatRecord>> => {
        this.loads += 1;
        const { older: next, read, delivered, handover, positions, owner, agents } = this;
        const marks = { read, delivered, handover, positions, owner, agents };
        return { items: this.history, next, ...marks, title: this.title, ended_at: this.endedAt };
      },
      joinAsAgent: async (id) => {
        this.entered.push(id);
        await this.come();
      },
      change: (_, change) => this.#changed(change),
      remove: () => this.#changed(null),
      slot: sessionStorage,
      newId: () => `id-${++this.#ids}`,
      now: () => new Date("2026-01-01T10:00:00Z"),
    });
  }

  async #changed(change: ConversationChange | null): Promise<void> {
    this.changes.push(change);
    const failure = this.failures.shift();
    if (failure) throw failure;
  }

  open(epoch = "e1"): void {
    this.isOpen = true;
    this.listener.onStatus("open", null);
    const user = { id: ME, name: "Ada", role: "user" };
    const server_time = "2026-01-01T10:00:00Z";
    this.listener.onConnected({
      type: "connected",
      connection_id: "c",
      user,
      epoch,
      server_time,
      limits: LIMITS,
    });
  }

  cut(): void {
    this.isOpen = false;
    this.listener.onStatus("waiting", null);
  }

  /** Cuts the connection; says from where the client goes on in the next one. */
  comeBack(): string[] | null | undefined {
    this.cut();
    this.sent = [];
    this.open();
    return this.of("conversation:join")[0]?.positions;
  }

  say(frame: ServerFrame): void {
    this.listener.onFrame(frame);
  }

  of<Type extends ClientFrame["type"]>(type: Type): Extract<ClientFrame, { type: Type }>[] {
    return this.sent.filter((frame) => frame.type === type) as Extract<
      ClientFrame,
      { type: Type }
    >[];
  }

  acceptJoins(): void {
    for (const { ref } of this.of("conversation:join")) {
      this.say({ type: "ack", ref, status: "accepted" });
    }
  }

  accept(ref: string | undefined): void {
    this.say({ type: "ack", ref: ref ?? "", status: "accepted" });
  }
}

/** A client that has joined and loaded its one conversation. */
export async function joined(history: ChatRecord[] = []) {
  const server = new FakeServer();
  server.history = history;
  const client = server.client();
  client.start();
  client.open(TALK);
  await vi.advanceTimersByTimeAsync(0);
  server.acceptJoins();
  await vi.advanceTimersByTimeAsync(0);
  return { server, client };
}
