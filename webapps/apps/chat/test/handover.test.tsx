import { addTexts } from "@parley/ui";
import type { Handover } from "@parley/contract";
import { act, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { expectAccessible } from "../../../test/axe";
import { ProvideChat } from "../src/chat-provider";
import english from "../src/locales/en.json";
import { handoverOf, isAssistants, laterHandover } from "../src/state/handover";
import { Answering } from "../src/views/answering";
import { CallPerson, HandledBanner } from "../src/views/handled";
import { FakeServer, joined } from "./fake-server";
import { handover, ME, message, reply, TALK } from "./records";

addTexts("chat", english);

const SILENT = /the assistant is silent/;
const called = handoverOf(handover("agent", 2, "broken lid"));
const returned = handoverOf(handover("assistant", 4));

describe("the latest hand-over", () => {
  it("counts, in whatever order they come, and twice is once", () => {
    expect(laterHandover(null, called)).toBe(called);
    expect(laterHandover(called, returned)).toBe(returned);
    expect(laterHandover(returned, called)).toBe(returned);
    expect(laterHandover(called, { ...called })).toBe(called);
    expect(laterHandover(called, null)).toBe(called);
  });

  it("leaves to the assistant only what was said while it answers", () => {
    const before = message("m1", 1);
    const between = message("m2", 3);
    const after = message("m3", 5);
    const whose = (last: Handover | null) =>
      [before, between, after].map((record) => isAssistants(record, last));
    expect(whose(null)).toEqual([true, true, true]);
    expect(whose(called)).toEqual([false, false, false]);
    expect(whose(returned)).toEqual([false, false, true]);
  });
});

describe("a conversation in a person's hands", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const last = (client: Awaited<ReturnType<typeof joined>>["client"]) =>
    client.getState().threads[TALK]?.handover;

  it("is known to every tab, live, by history, and after a reload", async () => {
    const { server, client } = await joined();
    expect(last(client)).toBeNull();
    server.say(handover("agent", 2, "broken lid"));
    expect(last(client)).toEqual(called);
    server.say(handover("assistant", 4));
    expect(last(client)).toEqual(returned);
    server.handover = called;
    client.reload(TALK);
    await vi.advanceTimersByTimeAsync(0);
    expect(last(client)).toEqual(returned);

    const other = new FakeServer();
    other.handover = called;
    const reloaded = other.client();
    reloaded.start();
    reloaded.open(TALK);
    await vi.advanceTimersByTimeAsync(0);
    expect(last(reloaded)).toEqual(called);
  });

  it("is handed over under one name, however often it has to be said", async () => {
    const { server, client } = await joined();
    client.handOver(TALK, "agent");
    await vi.advanceTimersByTimeAsync(9_000);
    const [first, second] = server.of("handover");
    expect(first).toMatchObject({ conversation_id: TALK, to: "agent" });
    expect(second).toEqual(first);
    server.say({ type: "ack", ref: first?.ref ?? "", status: "rejected", code: "not_found" });
    expect(client.getState().refusal).toEqual({ code: "handover" });
  });

  it("ends what the assistant was writing, and goes on from there after a cut", async () => {
    const { server, client } = await joined([message("m1", 1)]);
    const piece = { type: "reply:delta", conversation_id: TALK, in_reply_to: "m1" } as const;
    server.say({ type: "caught_up", conversation_id: TALK, positions: ["m3:1", "r3:1"] });
    server.say({ ...piece, attempt: 5, offset: 0, text: "It takes" });
    const failed = {
      type: "reply:failed",
      at: "r3:9",
      event_id: "f1",
      occurred_at: "2026-01-01T10:00:03.000000Z",
      correlation_id: "m1",
      conversation_id: TALK,
      in_reply_to: "m1",
      reason: "handed_over",
    } as const;
    server.say(failed);
    server.say({ ...piece, attempt: 5, offset: 8, text: " long" });
    expect(client.getState().drafts).toEqual({});
    server.say({ ...failed, event_id: "f2", at: "r3:10" });
    expect(server.comeBack()).toContain("r3:10");
  });
});

describe("what is shown", () => {
  function show(last: Handover | null) {
    const client = new FakeServer().client();
    const handOver = vi.spyOn(client, "handOver").mockReturnValue();
    const { container } = render(
      <ProvideChat client={client}>
        <CallPerson conversationId={TALK} handover={last} />
        <HandledBanner conversationId={TALK} handover={last} />
      </ProvideChat>,
    );
    return { container, handOver };
  }

  it("offers a person while the assistant answers", async () => {
    const { container, handOver } = show(returned);
    expect(screen.queryByText(SILENT)).toBeNull();
    await expectAccessible(container);
    await userEvent.click(screen.getByRole("button", { name: "Talk to a person" }));
    expect(handOver).toHaveBeenCalledWith(TALK, "agent");
  });

  it("says that the assistant is silent, why, and lets it answer again", async () => {
    const { container, handOver } = show(called);
    expect(screen.getByText(SILENT)).toBeVisible();
    expect(screen.getByText("broken lid")).toBeVisible();
    expect(screen.queryByRole("button", { name: "Talk to a person" })).toBeNull();
    await expectAccessible(container);
    await userEvent.click(screen.getByRole("button", { name: "Ask the assistant again" }));
    expect(handOver).toHaveBeenCalledWith(TALK, "assistant");
  });

  it("is no offer in a conversation that is not there yet", () => {
    const client = new FakeServer().client();
    render(
      <ProvideChat client={client}>
        <CallPerson conversationId={undefined} handover={null} />
      </ProvideChat>,
    );
    expect(screen.queryByRole("button")).toBeNull();
  });

  it("is never that an answer is late that nobody was to give", () => {
    vi.useFakeTimers({ now: new Date("2026-01-01T10:00:05Z") });
    const asked = message("m1", 3, { answer_by: "2026-01-01T10:00:13.000000Z" });
    const waiting = (last: Handover | null, records = [asked]) => (
      <Answering records={records} pending={[]} userId={ME} handover={last} />
    );
    const { rerender, container } = render(waiting(null));
    expect(screen.getByText(/is answering/)).toBeVisible();
    rerender(waiting(called));
    act(() => void vi.advanceTimersByTime(60_000));
    expect(container).toBeEmptyDOMElement();
    rerender(waiting(returned));
    expect(container).toBeEmptyDOMElement();
    rerender(waiting(returned, [asked, reply("r1", 4), message("m2", 5)]));
    expect(container).not.toBeEmptyDOMElement();
    vi.useRealTimers();
  });
});
