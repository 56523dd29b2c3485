import { addTexts } from "@parley/ui";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { expectAccessible } from "../../../test/axe";
import english from "../src/locales/en.json";
import { RemoteView } from "../src/remote-view";
import { importRemote } from "../src/remotes";

vi.mock("../src/remotes", () => ({ importRemote: vi.fn() }));
addTexts("shell", english);

const there = { default: ({ basename }: { basename: string }) => <h1>at {basename}</h1> };

describe("remote", () => {
  beforeEach(() => void vi.spyOn(console, "error").mockImplementation(() => undefined));

  it("is told where it lives", async () => {
    vi.mocked(importRemote).mockResolvedValue(there);
    render(<RemoteView name="chat" basename="/chat" />);
    expect(await screen.findByRole("heading", { name: "at /chat" })).toBeVisible();
  });

  it("that fails leaves a card, and trying again brings it back", async () => {
    vi.mocked(importRemote).mockRejectedValueOnce(new Error("blocked")).mockResolvedValue(there);
    const { container } = render(<RemoteView name="chat" basename="/chat" />);
    expect(await screen.findByRole("alert")).toHaveTextContent("did not load");
    await expectAccessible(container);
    await userEvent.click(screen.getByRole("button", { name: "Try again" }));
    expect(await screen.findByRole("heading", { name: "at /chat" })).toBeVisible();
  });
});
