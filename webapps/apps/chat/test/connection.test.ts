import { ProblemError, type ServerFrame } from "@parley/contract";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { backoff } from "../src/socket/backoff";
import { Connection, type ConnectionPorts, type SocketLike } from "../src/socket/connection";

class FakeSocket implements SocketLike {
  readyState = 1;
  sent: { type: string; [field: string]: unknown }[] = [];
  closedWith: number | null = null;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;

  send(data: string): void {
    this.sent.push(JSON.parse(data) as { type: string });
  }

  close(code = 1000): void {
    this.closedWith = code;
  }

  say(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
}

const CONNECTED = {
  type: "connected",
  connection_id: "c1",
  user: { id: "u1", name: "Ada", role: "user" },
  epoch: "e1",
  server_time: "2026-01-01T10:00:00Z",
  limits: { frame_bytes: 65536, message_chars: 8000, ping_seconds: 20 },
};

function setUp(more: Partial<ConnectionPorts> = {}) {
  const sockets: FakeSocket[] = [];
  const statuses: string[] = [];
  const frames: ServerFrame[] = [];
  let tickets = 0;
  const connection = new Connection(
    {
      ticket: async () => ({ ticket: `ticket-${++tickets}`, url: "ws://parley.test/ws" }),
      open: () => {
        const socket = new FakeSocket();
        sockets.push(socket);
        return socket;
      },
      reauthenticate: async () => true,
    revoked: () => undefined,
      online: () => true,
      random: () => 0.5,
      ...more,
    },
    {
      onStatus: (status, reason) => statuses.push(reason ? `${status}:${reason}` : status),
      onConnected: () => undefined,
      onFrame: (frame) => frames.push(frame),
    },
  );
  const newest = () => sockets.at(-1) as FakeSocket;
  const open = async () => {
    await vi.advanceTimersByTimeAsync(0);
    newest().onopen?.();
    newest().say(CONNECTED);
  };
  return { connection, sockets, statuses, frames, newest, open };
}

describe("connection", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("says connect with its ticket first and is open only when the server agrees", async () => {
    const { connection, newest, statuses } = setUp();
    connection.start();
    await vi.advanceTimersByTimeAsync(0);
    newest().onopen?.();
    expect(newest().sent[0]).toMatchObject({ type: "connect", ticket: "ticket-1" });
    expect(connection.send({ type: "ping", ref: "x" })).toBe(false);
    newest().say(CONNECTED);
    expect(connection.send({ type: "ping", ref: "x" })).toBe(true);
    expect(statuses).toEqual(["connecting", "open"]);
  });

  it.each([1006, 1011, 4000, 4001, 4029])("comes back with a new ticket after %i", async (code) => {
    const { connection, newest, sockets, open } = setUp();
    connection.start();
    await open();
    newest().onclose?.({ code });
    expect(connection.status).toBe("waiting");
    await vi.advanceTimersByTimeAsync(1_000);
    await open();
    expect(sockets).toHaveLength(2);
    expect(newest().sent[0]).toMatchObject({ ticket: "ticket-2" });
    expect(connection.status).toBe("open");
  });

  it.each([4508, 4509, 4510])("stops after %i", async (code) => {
    const { connection, newest, sockets, statuses, open } = setUp();
    connection.start();
    await open();
    newest().onclose?.({ code });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sockets).toHaveLength(1);
    expect(statuses.at(-1)).toBe("stopped:refused");
  });

  it("stops and signs out when access was revoked", async () => {
    const revoked = vi.fn();
    const { connection, newest, sockets, statuses, open } = setUp({ revoked });
    connection.start();
    await open();
    newest().onclose?.({ code: 4503 });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sockets).toHaveLength(1);
    expect(statuses.at(-1)).toBe("stopped:revoked");
    expect(revoked).toHaveBeenCalledOnce();
  });

  it("gets a new token once when the old one ended, then gives up", async () => {
    const { connection, newest, sockets, statuses, open } = setUp();
    connection.start();
    await open();
    newest().onclose?.({ code: 4501 });
    await open();
    expect(sockets).toHaveLength(2);
    newest().onclose?.({ code: 4501 });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sockets).toHaveLength(2);
    expect(statuses.at(-1)).toBe("stopped:signed-out");
  });

  it("keeps trying while tickets cannot be had, and stops when they are refused", async () => {
    let refuse = false;
    const ticket = async () => {
      throw new ProblemError({ code: "x" }, refuse ? 401 : 503);
    };
    const { connection, statuses } = setUp({ ticket });
    connection.start();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(connection.status).not.toBe("stopped");
    refuse = true;
    await vi.advanceTimersByTimeAsync(30_000);
    expect(statuses.at(-1)).toBe("stopped:signed-out");
  });

  it("notices a connection that went silent", async () => {
    const { connection, sockets, open } = setUp();
    connection.start();
    await open();
    await vi.advanceTimersByTimeAsync(61_000);
    expect(sockets[0]?.sent.filter((frame) => frame.type === "ping").length).toBeGreaterThan(0);
    expect(sockets[0]?.closedWith).toBe(1000);
    expect(sockets.length).toBeGreaterThan(1);
  });

  it("comes back when the server said, and at once when the network is back", async () => {
    const { connection, newest, sockets, open } = setUp();
    connection.start();
    await open();
    newest().say({ type: "reconnect", after_ms: 5_000, reason: "draining" });
    await vi.advanceTimersByTimeAsync(4_900);
    expect(sockets).toHaveLength(1);
    connection.hurry();
    await open();
    expect(connection.status).toBe("open");
    connection.lostNetwork();
    expect(connection.status).toBe("waiting");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sockets).toHaveLength(2);
  });

  it("never listens to a socket it left", async () => {
    const { connection, newest, frames, open } = setUp();
    connection.start();
    await open();
    const left = newest();
    connection.stop();
    left.say({ type: "caught_up", conversation_id: "x" });
    expect(frames).toEqual([]);
  });
});

describe("backoff", () => {
  it("grows to its ceiling and is spread over half of it", () => {
    expect(backoff(0, () => 0)).toBe(200);
    expect(backoff(0, () => 1)).toBe(400);
    expect(backoff(3, () => 1)).toBe(3_200);
    expect(backoff(50, () => 1)).toBe(15_000);
  });
});
