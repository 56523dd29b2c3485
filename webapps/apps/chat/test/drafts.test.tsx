import { addTexts } from "@parley/ui";
import type { ReplyDeltaFrame, ReplyRecord } from "@parley/contract";
import { act, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { expectAccessible } from "../../../test/axe";
import { ProvideChat } from "../src/chat-provider";
import english from "../src/locales/en.json";
import { Drafts, type DraftsByQuestion } from "../src/state/drafts";
import { withoutReplaced } from "../src/state/timeline";
import { DraftView } from "../src/views/draft";
import { Reply } from "../src/views/reply";
import { FakeServer, joined } from "./fake-server";
import { ME, message, reply, TALK } from "./records";

addTexts("chat", english);

function piece(offset: number, text: string, attempt = 5): ReplyDeltaFrame {
  return {
    type: "reply:delta",
    conversation_id: TALK,
    in_reply_to: "m1",
    attempt,
    offset,
    text,
  };
}

const ended = reply("r1", 2, { attempt: 5 }) as ReplyRecord;

describe("drafts", () => {
  let shown: DraftsByQuestion = {};
  let drafts: Drafts;
  const text = () => shown["m1"]?.text;
  beforeEach(() => {
    vi.useFakeTimers();
    shown = {};
    drafts = new Drafts((now) => (shown = now));
  });
  afterEach(() => void vi.useRealTimers());

  it("puts pieces together, whatever comes twice", () => {
    for (const [offset, words] of [[0, "One "], [4, "two "], [4, "two "], [0, "One "]] as const) {
      drafts.onDelta(piece(offset, words));
    }
    expect(text()).toBe("One two ");
  });

  it("takes the text so far in the middle, and goes on from there", () => {
    drafts.onDelta(piece(0, "One "));
    drafts.onDelta(piece(0, "One two three "));
    drafts.onDelta(piece(14, "four"));
    expect(text()).toBe("One two three four");
  });

  it("counts characters, not halves of them", () => {
    drafts.onDelta(piece(0, "😀👍 "));
    drafts.onDelta(piece(3, "yes"));
    expect(text()).toBe("😀👍 yes");
  });

  it("never shows a text with a hole", () => {
    drafts.onDelta(piece(0, "One "));
    drafts.onDelta(piece(9, "three"));
    expect(text()).toBe("One ");
  });

  it("starts again with a higher attempt and ignores a lower one", () => {
    drafts.onDelta(piece(0, "One "));
    drafts.onDelta(piece(0, "Uno ", 9));
    drafts.onDelta(piece(4, "two "));
    expect(text()).toBe("Uno ");
  });

  it("ends with the reply, for good, until another attempt is asked for", () => {
    drafts.onDelta(piece(0, "One "));
    drafts.onReply(ended, true);
    expect(shown).toEqual({});
    drafts.onDelta(piece(4, "two "));
    expect(shown).toEqual({});
    drafts.onDelta(piece(0, "Uno ", 9));
    drafts.onReply(ended, false);
    expect(text()).toBe("Uno ");
  });

  it("lets go of what nobody writes any more", () => {
    drafts.onDelta(piece(0, "One "));
    vi.advanceTimersByTime(61_000);
    expect(shown).toEqual({});
  });
});

describe("an answer being written", () => {
  it("is shown as it grows and can be stopped", async () => {
    const client = new FakeServer().client();
    const stop = vi.spyOn(client, "stopReply").mockReturnValue();
    const draft = { conversationId: TALK, question: "m1", attempt: 5, text: "It takes" };
    const { container } = render(
      <ProvideChat client={client}>
        <DraftView draft={draft} />
      </ProvideChat>,
    );
    await waitFor(() => expect(screen.getByText("It takes")).toBeVisible());
    await expectAccessible(container);
    await userEvent.click(screen.getByRole("button", { name: "Stop" }));
    expect(stop).toHaveBeenCalledWith(TALK, "m1");
  });

  it("asks the server to stop and to answer again, and ends with the reply", async () => {
    vi.useFakeTimers();
    const { server, client } = await joined([message("m1", 1)]);
    act(() => server.say(piece(0, "It ")));
    expect(client.getState().drafts["m1"]?.text).toBe("It ");
    client.stopReply(TALK, "m1");
    expect(server.of("reply:stop")[0]).toMatchObject({ conversation_id: TALK, message_id: "m1" });
    server.say(ended);
    expect(client.getState().drafts).toEqual({});
    client.regenerateReply(TALK, "m1");
    expect(server.of("reply:regenerate")).toHaveLength(1);
    vi.useRealTimers();
  });
});

describe("an answer of a language model", () => {
  const show = (more: Parameters<typeof reply>[2]) => {
    const client = new FakeServer().client();
    const again = vi.spyOn(client, "regenerateReply").mockReturnValue();
    const { container } = render(
      <ProvideChat client={client}>
        <Reply record={reply("r1", 2, more)} userId={ME} />
      </ProvideChat>,
    );
    return { container, again };
  };

  it("says that the demo model wrote it, and can be asked for again", async () => {
    const { container, again } = show({ source: "model", model_version: "a+smollm2 (demo)" });
    expect(screen.getByText("Demo model")).toBeVisible();
    await expectAccessible(container);
    await userEvent.click(screen.getByRole("button", { name: "Answer again" }));
    expect(again).toHaveBeenCalledWith(TALK, "m1");
    expect(screen.getByRole("button", { name: "Answer again" })).toBeDisabled();
  });

  it("says why it ends early, or why the model did not write it", () => {
    show({ source: "model", stopped: "person" });
    expect(screen.getByText("Stopped")).toBeVisible();
    const why = { score: 0.5, model_version: "v1", snippet_ids: [], cached: false, context: [] };
    show({ source: "retrieval", why: { ...why, fallback: "circuit_open" } });
    expect(screen.getByText("Without the language model")).toBeVisible();
  });

  it("takes the place of the answer before it", () => {
    const records = [message("m1", 1), reply("r1", 2), message("m2", 3), reply("r2", 4)];
    expect(withoutReplaced(records).map((each) => each.event_id)).toEqual(["m1", "m2", "r2"]);
    const plain = [message("m1", 1), reply("r1", 2)];
    expect(withoutReplaced(plain)).toBe(plain);
  });
});
