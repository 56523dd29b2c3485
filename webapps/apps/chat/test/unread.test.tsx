import type { ChatRecord } from "@parley/contract";
import { addTexts } from "@parley/ui";
import { act, render, screen } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";

import { expectAccessible } from "../../../test/axe";
import { ProvideChat } from "../src/chat-provider";
import { IDLE_AFTER_MS, watchIdle } from "../src/idle";
import english from "../src/locales/en.json";
import { EMPTY, type Thread } from "../src/state/threads";
import { MessageLog } from "../src/views/message-log";
import { firstUnread } from "../src/views/use-unread-line";
import { FakeServer } from "./fake-server";
import { ME, message, reply, TALK } from "./records";

addTexts("chat", english);

const user = { id: ME, name: "Ada", email: "ada@example.com", role: "user" };
const LINE = "New since you were here";

function markAt(second: number): Thread["marks"] {
  const up_to = `2026-01-01T10:00:${String(second).padStart(2, "0")}.000000Z`;
  return { [ME]: { user_id: ME, message_id: "r", up_to } };
}

function logOf(thread: Partial<Thread>) {
  return (
    <MessageLog
      user={user}
      conversationId={TALK}
      thread={{ ...EMPTY, loaded: true, joined: true, ...thread }}
      pending={[]}
      editing={null}
      onEditing={() => undefined}
    />
  );
}

function setUp(thread: Partial<Thread>) {
  const client = new FakeServer().client();
  const shown = render(<ProvideChat client={client}>{logOf(thread)}</ProvideChat>);
  const show = (next: Partial<Thread>) =>
    shown.rerender(<ProvideChat client={client}>{logOf(next)}</ProvideChat>);
  return { ...shown, show };
}

function look(state: "visible" | "hidden") {
  vi.spyOn(document, "visibilityState", "get").mockReturnValue(state);
  act(() => void document.dispatchEvent(new Event("visibilitychange")));
}

const talk: ChatRecord[] = [message("m1", 1), reply("r1", 2), message("m2", 3), reply("r2", 4)];

afterEach(() => void vi.restoreAllMocks());

describe("the unread line", () => {
  it("stands above the first thing others said behind one's own mark", () => {
    expect(firstUnread(talk, markAt(2), ME)).toBe("r2");
    expect(firstUnread(talk, markAt(4), ME)).toBeNull();
    expect(firstUnread(talk, {}, ME)).toBeNull();
  });

  it("is drawn when a conversation is opened, and stays when all of it was read", async () => {
    const { show } = setUp({ records: talk, marks: markAt(2) });
    const line = screen.getByText(LINE);
    const after = line.compareDocumentPosition(screen.getByText("text of r2"));
    expect(after & Node.DOCUMENT_POSITION_FOLLOWING).toBeTruthy();
    await expectAccessible(line);
    show({ records: talk, marks: markAt(4) });
    expect(screen.getByText(LINE)).toBeVisible();
  });

  it("is not drawn for what arrives while one looks at it", () => {
    const { show } = setUp({ records: talk.slice(0, 3), marks: markAt(2), current: true });
    show({ records: talk, marks: markAt(2), current: true });
    expect(screen.queryByText(LINE)).toBeNull();
  });

  it("is drawn for what was missed, once it has come", () => {
    const { show } = setUp({ records: talk.slice(0, 3), marks: markAt(2) });
    expect(screen.queryByText(LINE)).toBeNull();
    show({ records: talk, marks: markAt(2), current: true });
    expect(screen.getByText(LINE)).toBeVisible();
  });

  it("is drawn for what came while the page was hidden, and goes the next time", () => {
    const { show } = setUp({ records: talk.slice(0, 3), marks: markAt(2), current: true });
    look("hidden");
    show({ records: talk, marks: markAt(2), current: true });
    expect(screen.queryByText(LINE)).toBeNull();
    look("visible");
    expect(screen.getByText(LINE)).toBeVisible();
    look("hidden");
    show({ records: talk, marks: markAt(4), current: true });
    look("visible");
    expect(screen.queryByText(LINE)).toBeNull();
  });
});

describe("idleness", () => {
  afterEach(() => void vi.useRealTimers());

  it("is told once after a while without a sign of life, and its end at once", () => {
    vi.useFakeTimers();
    const told: boolean[] = [];
    const stop = watchIdle((idle) => told.push(idle));
    vi.advanceTimersByTime(IDLE_AFTER_MS - 1);
    window.dispatchEvent(new Event("keydown"));
    vi.advanceTimersByTime(IDLE_AFTER_MS - 1);
    expect(told).toEqual([]);
    vi.advanceTimersByTime(IDLE_AFTER_MS);
    window.dispatchEvent(new Event("pointermove"));
    window.dispatchEvent(new Event("pointermove"));
    expect(told).toEqual([true, false]);
    stop();
    vi.advanceTimersByTime(2 * IDLE_AFTER_MS);
    expect(told).toEqual([true, false]);
  });
});
