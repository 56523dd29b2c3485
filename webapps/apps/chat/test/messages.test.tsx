import { addTexts } from "@parley/ui";
import { act, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it, vi } from "vitest";

import { expectAccessible } from "../../../test/axe";
import english from "../src/locales/en.json";
import { Answering } from "../src/views/answering";
import { OwnMessage } from "../src/views/own-message";
import { Reply } from "../src/views/reply";
import { ME, message, reply } from "./records";

addTexts("chat", english);

describe("reply", () => {
  it("tells on demand what was understood and from where the answer came", async () => {
    const citations = [{ id: "k1", title: "Delivery times", score: 0.8 }];
    const { container } = render(<Reply record={reply("r1", 1, { citations })} />);
    await waitFor(() => expect(screen.getByText("text of r1")).toBeVisible());
    const toggle = screen.getByRole("button", { name: "Details" });
    expect(toggle).toHaveAttribute("aria-expanded", "false");
    expect(screen.queryByText("order_status")).toBeNull();
    await userEvent.click(toggle);
    expect(toggle).toHaveAttribute("aria-expanded", "true");
    for (const text of ["order_status", "97%", "Prepared answer", "v1"]) {
      expect(screen.getByText(text)).toBeVisible();
    }
    expect(screen.getByText(/Delivery times/)).toBeVisible();
    await expectAccessible(container);
  });
});

describe("own message", () => {
  it("shows its text as it was written, never as markup", async () => {
    const text = "<b>**not bold**</b>";
    const { container } = render(<OwnMessage text={text} at="2026-01-01T10:00:00Z" />);
    expect(screen.getByText(text)).toBeVisible();
    expect(screen.getByRole("img", { name: "Sent" })).toBeVisible();
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
});
