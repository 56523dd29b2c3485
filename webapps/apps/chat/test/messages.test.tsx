import type { ChatRecord } from "@parley/contract";
import { addTexts } from "@parley/ui";
import { act, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { afterEach, describe, expect, it, vi } from "vitest";

import { expectAccessible } from "../../../test/axe";
import { ProvideChat } from "../src/chat-provider";
import english from "../src/locales/en.json";
import type { Reach } from "../src/state/changes";
import { Answering } from "../src/views/answering";
import { OwnMessage, PendingMessage } from "../src/views/own-message";
import { Reply } from "../src/views/reply";
import { FakeServer } from "./fake-server";
import { ME, message, reply, TALK } from "./records";

addTexts("chat", english);

function Own({ record, reach = "sent" }: { record: ChatRecord; reach?: Reach }) {
  const [editing, setEditing] = useState(false);
  return <OwnMessage record={record} reach={reach} editing={editing} onEditing={setEditing} />;
}

function setUp(view: React.ReactNode) {
  const client = new FakeServer().client();
  const spies = {
    edit: vi.spyOn(client, "edit").mockReturnValue(),
    delete: vi.spyOn(client, "delete").mockReturnValue(),
    react: vi.spyOn(client, "react").mockReturnValue(),
  };
  const { container } = render(<ProvideChat client={client}>{view}</ProvideChat>);
  return { container, spies, user: userEvent.setup() };
}

describe("reply", () => {
  it("tells on demand what was understood and from where the answer came", async () => {
    const citations = [{ id: "k1", title: "Delivery times", score: 0.8 }];
    const context = ["carried_slots" as const];
    const why = { score: 0.97, model_version: "v1", snippet_ids: [], cached: false, context };
    const record = reply("r1", 1, { citations, why });
    const { container } = setUp(<Reply record={record} userId={ME} />);
    await waitFor(() => expect(screen.getByText("text of r1")).toBeVisible());
    const toggle = screen.getByRole("button", { name: "Details" });
    expect(toggle).toHaveAttribute("aria-expanded", "false");
    expect(screen.queryByText("order_status")).toBeNull();
    await userEvent.click(toggle);
    expect(toggle).toHaveAttribute("aria-expanded", "true");
    const shown = ["order_status", "97%", "Prepared answer", "v1", "A number you named earlier"];
    for (const text of shown) {
      expect(screen.getByText(text)).toBeVisible();
    }
    expect(screen.getByText(/Delivery times/)).toBeVisible();
    await expectAccessible(container);
  });

  it.each([
    ["question", "Not asked, because of the words of the question"],
    ["answer", "Its answer was held back, because of its words"],
  ] as const)("says that a language model was kept out by an abusive %s", async (moderated, text) => {
    const why = {
      score: 0.9,
      model_version: "v1",
      snippet_ids: [],
      cached: false,
      context: [],
      fallback: "guarded" as const,
      moderated,
    };
    setUp(<Reply record={reply("r1", 1, { why })} userId={ME} />);
    await userEvent.click(screen.getByRole("button", { name: "Details" }));
    expect(screen.getByText(text)).toBeVisible();
  });

  it("shows reactions, and puts one there or takes it off", async () => {
    const reactions = [
      { user_id: ME, emoji: "👍" },
      { user_id: "user-2", emoji: "👍" },
    ];
    const record = reply("r1", 1, { reactions });
    const { container, spies, user } = setUp(<Reply record={record} userId={ME} />);
    const mine = screen.getByRole("button", { name: "👍 2" });
    expect(mine).toHaveAttribute("aria-pressed", "true");
    await user.click(mine);
    expect(spies.react).toHaveBeenLastCalledWith(record, "👍");
    await user.click(screen.getByRole("button", { name: "Add a reaction" }));
    await expectAccessible(container);
    await user.click(screen.getByRole("button", { name: "React with 🎉" }));
    expect(spies.react).toHaveBeenLastCalledWith(record, "🎉");
    expect(screen.queryByRole("button", { name: "React with 🎉" })).toBeNull();
  });
});

describe("own message", () => {
  it("shows its text as it was written, never as markup", async () => {
    const text = "<b>**not bold**</b>";
    const { container } = setUp(<Own record={message("m1", 1, { text })} />);
    expect(screen.getByText(text)).toBeVisible();
    expect(screen.getByRole("img", { name: "Sent" })).toBeVisible();
    await expectAccessible(container);
  });

  it.each([
    ["sending", "Sending"],
    ["queued", "Waiting for the connection"],
  ] as const)("shows a clock while it is %s", async (state, name) => {
    const entry = {
      client_message_id: "c1",
      conversation_id: TALK,
      client_conversation_id: null,
      text: "hello",
      created_at: "2026-01-01T10:00:00Z",
      state,
      message_id: null,
      failure: null,
    };
    const { container } = setUp(<PendingMessage entry={entry} />);
    expect(screen.getByRole("img", { name }).querySelector(".lucide-clock")).not.toBeNull();
    await expectAccessible(container);
  });

  it.each([
    ["sent", "Sent", ".lucide-check"],
    ["delivered", "Delivered", ".lucide-check-check"],
    ["read", "Read", ".lucide-check-check"],
  ] as const)("shows by ticks and words that it was %s", async (reach, name, ticks) => {
    const { container } = setUp(<Own record={message("m1", 1)} reach={reach} />);
    const tick = screen.getByRole("img", { name });
    expect(tick).toHaveAttribute("data-state", reach);
    expect(tick.querySelector(ticks)).not.toBeNull();
    await expectAccessible(container);
  });

  it("says when somebody has read it, and when it was edited", () => {
    const edited_at = "2026-01-01T10:00:09Z";
    setUp(<Own record={message("m1", 1, { edited_at })} reach="read" />);
    expect(screen.getByRole("img", { name: "Read" })).toBeVisible();
    expect(screen.getByText("Edited")).toBeVisible();
  });

  it("is edited in place: Enter saves, Escape leaves it", async () => {
    const record = message("m1", 1, { text: "helo" });
    const { container, spies, user } = setUp(<Own record={record} />);
    await user.click(screen.getByRole("button", { name: "Edit message" }));
    const field = screen.getByRole("textbox", { name: "Other words for this message" });
    expect(field).toHaveValue("helo");
    await expectAccessible(container);
    await user.type(field, "!{Escape}");
    expect(spies.edit).not.toHaveBeenCalled();
    await user.click(screen.getByRole("button", { name: "Edit message" }));
    await user.type(screen.getByRole("textbox"), "{Control>}a{/Control}hello{Enter}");
    expect(spies.edit.mock.lastCall?.[1]).toContain("hello");
    expect(screen.queryByRole("textbox")).toBeNull();
  });

  it("is deleted only after asking", async () => {
    const record = message("m1", 1);
    const { spies, user } = setUp(<Own record={record} />);
    await user.click(screen.getByRole("button", { name: "Delete message" }));
    expect(spies.delete).not.toHaveBeenCalled();
    await user.click(await screen.findByRole("button", { name: "Delete" }));
    expect(spies.delete).toHaveBeenCalledWith(record);
  });

  it("leaves nothing of what was deleted", async () => {
    const record = message("m1", 1, { text: null, deleted: true });
    const { container } = setUp(<Own record={record} />);
    expect(screen.getByText("This message was deleted")).toBeVisible();
    expect(screen.queryByRole("button")).toBeNull();
    await expectAccessible(container);
  });
});

describe("answering", () => {
  afterEach(() => void vi.useRealTimers());

  it("waits calmly, and after a while says that the answer will come", () => {
    vi.useFakeTimers({ now: new Date("2026-01-01T10:00:02Z") });
    const { rerender } = render(
      <Answering records={[message("m1", 1)]} pending={[]} userId={ME} />,
    );
    expect(screen.getByRole("status")).toHaveTextContent("Parley is answering…");
    act(() => void vi.advanceTimersByTime(9_500));
    expect(screen.getByRole("status")).toHaveTextContent("when the assistant is back");
    rerender(<Answering records={[message("m1", 1), reply("r1", 20)]} pending={[]} userId={ME} />);
    expect(screen.queryByRole("status")).toBeNull();
  });

  it("says at the deadline, by the server's clock, that no answer came in time", () => {
    vi.useFakeTimers({ now: new Date("2026-01-01T09:00:02Z") });
    const asked = message("m1", 1, { answer_by: "2026-01-01T10:01:01.000000Z" });
    const ahead = 3_600_000;
    const { rerender } = render(
      <Answering records={[asked]} pending={[]} userId={ME} ahead={ahead} />,
    );
    act(() => void vi.advanceTimersByTime(58_000));
    expect(screen.getByRole("status")).toHaveTextContent("when the assistant is back");
    act(() => void vi.advanceTimersByTime(1_500));
    expect(screen.getByRole("status")).toHaveTextContent("No answer came in time");
    rerender(
      <Answering records={[asked, reply("r1", 59)]} pending={[]} userId={ME} ahead={ahead} />,
    );
    expect(screen.queryByRole("status")).toBeNull();
  });
});
