import { addTexts } from "@parley/ui";
import { fireEvent, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";

import { expectAccessible } from "../../../test/axe";
import english from "../src/locales/en.json";
import { Composer } from "../src/views/composer";

addTexts("chat", english);

function setUp(limit = 8_000) {
  const sent: string[] = [];
  const done: string[] = [];
  const composer = (draftKey: string) => (
    <Composer
      draftKey={draftKey}
      limit={limit}
      onSend={(text) => sent.push(text)}
      onEditLast={() => done.push("edit")}
      onTyping={(active) => done.push(active ? "typing" : "stopped")}
    />
  );
  const view = render(composer("draft.a"));
  const field = () => screen.getByRole("textbox", { name: "Message" });
  return { ...view, sent, done, field, composer, user: userEvent.setup() };
}

describe("composer", () => {
  it("sends on Enter, breaks the line on Shift+Enter, and empties itself", async () => {
    const { user, field, sent } = setUp();
    await user.type(field(), "one{Shift>}{Enter}{/Shift}two{Enter}");
    expect(sent).toEqual(["one\ntwo"]);
    expect(field()).toHaveValue("");
  });

  it("does not send the Enter that picks a word in an input method", async () => {
    const { user, field, sent } = setUp();
    await user.type(field(), "にほん");
    fireEvent.keyDown(field(), { key: "Enter", isComposing: true });
    fireEvent.keyDown(field(), { key: "Enter", keyCode: 229 });
    expect(sent).toEqual([]);
  });

  it("edits the last message on the arrow upwards, but only when empty", async () => {
    const { user, field, done } = setUp();
    await user.type(field(), "{ArrowUp}");
    await user.type(field(), "a{ArrowUp}{Backspace}");
    expect(done).toEqual(["edit", "typing", "stopped"]);
  });

  it("does not send nothing", async () => {
    const { user, field, sent } = setUp();
    expect(screen.getByRole("button", { name: "Send" })).toBeDisabled();
    await user.type(field(), "   {Enter}");
    expect(sent).toEqual([]);
  });

  it("says how much is too much instead of cutting it off", async () => {
    const { user, field, sent } = setUp(10);
    await user.type(field(), "12345678");
    expect(screen.getByText("8 of 10 characters")).toBeVisible();
    await user.type(field(), "9012{Enter}");
    expect(screen.getByText("2 characters too many")).toBeVisible();
    expect(field()).toHaveValue("123456789012");
    expect(sent).toEqual([]);
  });

  it("keeps a draft per conversation, and moves it when a new one gets its id", async () => {
    const { user, field, rerender, composer, unmount } = setUp();
    await user.type(field(), "half a thought");
    rerender(composer("draft.b"));
    expect(localStorage.getItem("draft.a")).toBeNull();
    expect(localStorage.getItem("draft.b")).toBe("half a thought");
    unmount();
    render(composer("draft.b"));
    expect(field()).toHaveValue("half a thought");
  });

  it("is accessible", async () => {
    await expectAccessible(setUp().container);
  });
});
