import type { ChatRecord } from "@parley/contract";
import { addTexts } from "@parley/ui";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { expectAccessible } from "../../../test/axe";
import { ProvideChat } from "../src/chat-provider";
import english from "../src/locales/en.json";
import { Changes } from "../src/state/changes";
import { Reply } from "../src/views/reply";
import { FakeServer, joined } from "./fake-server";
import { ME, message, rated, reply, TALK } from "./records";

addTexts("chat", english);

function setUp(record: ChatRecord) {
  const client = new FakeServer().client();
  const rate = vi.spyOn(client, "rate").mockReturnValue();
  const view = (shown: ChatRecord) => (
    <ProvideChat client={client}>
      <Reply record={shown} userId={ME} />
    </ProvideChat>
  );
  const { container, rerender } = render(view(record));
  const show = (shown: ChatRecord) => rerender(view(shown));
  return { container, rate, show, user: userEvent.setup() };
}

const thumb = (name: string) => screen.getByRole("button", { name });
const reason = () => screen.queryByRole("textbox", { name: /What was wrong/ });

describe("rating", () => {
  it("shows one's own thumb, and takes another", async () => {
    const record = reply("r1", 1, { rating: "down" });
    const { container, rate, show, user } = setUp(record);
    expect(thumb("Bad answer")).toHaveAttribute("aria-pressed", "true");
    expect(thumb("Good answer")).toHaveAttribute("aria-pressed", "false");
    await user.click(thumb("Good answer"));
    expect(rate).toHaveBeenLastCalledWith(record, "up");
    show(reply("r1", 1, { rating: "up" }));
    expect(thumb("Good answer")).toHaveAttribute("aria-pressed", "true");
    expect(screen.getByText("Thank you.")).toBeVisible();
    await expectAccessible(container);
  });

  it("asks why a bad answer is bad, by keyboard alone", async () => {
    const record = reply("r1", 1);
    const { container, rate, user } = setUp(record);
    thumb("Bad answer").focus();
    await user.keyboard("{Enter}");
    expect(rate).toHaveBeenLastCalledWith(record, "down");
    expect(reason()).toHaveFocus();
    expect(thumb("Bad answer")).toHaveAttribute("aria-expanded", "true");
    await expectAccessible(container);
    await user.keyboard("  wrong order {Enter}");
    expect(rate).toHaveBeenLastCalledWith(record, "down", "wrong order");
    expect(reason()).toBeNull();
    expect(thumb("Bad answer")).toHaveFocus();
  });

  it("is content with the thumb when no reason is given", async () => {
    const { rate, user } = setUp(reply("r1", 1));
    await user.click(thumb("Bad answer"));
    expect(thumb("Send")).toBeDisabled();
    await user.keyboard("   {Enter}");
    await user.click(thumb("Bad answer"));
    await user.keyboard("never mind{Escape}");
    await user.click(thumb("Bad answer"));
    await user.click(thumb("Not now"));
    expect(reason()).toBeNull();
    expect(rate.mock.calls.every((call) => call[2] === undefined)).toBe(true);
  });

  it("takes a reason of 500 characters, and no more", async () => {
    const { user } = setUp(reply("r1", 1));
    await user.click(thumb("Bad answer"));
    expect(reason()).toHaveAttribute("maxlength", "500");
  });

  it("is not offered for what people say", () => {
    setUp(message("m2", 1, { sender: { id: "agent", kind: "agent", name: "Bo" } }));
    expect(screen.queryByRole("button", { name: "Good answer" })).toBeNull();
  });
});

describe("one's own rating", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const shown = (frames: Parameters<Changes["apply"]>[0][], stored = reply("r1", 2)) => {
    const changes = new Changes(ME);
    changes.say(stored);
    for (const frame of frames) changes.apply(frame);
    const record = changes.show("r1");
    return record?.type === "reply" ? (record.rating ?? null) : null;
  };

  it("is the last one, whatever the order, and nobody else's", () => {
    const frames = [rated("r1", 5, "down"), rated("r1", 4, "up"), rated("r1", 6, "up", "user-2")];
    expect(shown(frames)).toBe("down");
    expect(shown([...frames].reverse())).toBe("down");
    expect(shown([], reply("r1", 2, { rating: "up", reactions: [] }))).toBe("up");
  });

  it("goes to the server, and comes back to every device", async () => {
    const { server, client } = await joined([reply("r1", 2, { reactions: [] })]);
    const record = () => client.getState().threads[TALK]!.records[0]!;
    client.rate(record(), "down", "wrong order");
    expect(server.sent.at(-1)).toMatchObject({
      type: "feedback",
      message_id: "r1",
      rating: "down",
      reason: "wrong order",
    });
    server.say(rated("r1", 5, "down"));
    expect(record()).toMatchObject({ rating: "down" });
  });
});
