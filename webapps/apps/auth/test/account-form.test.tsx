import { session } from "@parley/contract";
import { MemoryRouter } from "@parley/router";
import { act, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";

import { expectAccessible } from "../../../test/axe";
import AuthApp from "../src/app";

function setUp(path: string, answer = new Response("{}", { status: 500 })) {
  const fetch = vi.fn<typeof globalThis.fetch>(async () => answer);
  vi.stubGlobal("fetch", fetch);
  const view = render(
    <MemoryRouter initialEntries={[path]}>
      <AuthApp basename="" />
    </MemoryRouter>,
  );
  return { ...view, fetch, user: userEvent.setup() };
}

function problem(status: number, body: object): Response {
  return new Response(JSON.stringify(body), { status });
}

describe("sign in", () => {
  it("asks a password manager for what it needs", () => {
    setUp("/login");
    expect(screen.getByLabelText("Email")).toHaveAttribute("autocomplete", "username");
    expect(screen.getByLabelText("Password")).toHaveAttribute("autocomplete", "current-password");
  });

  it("says what is missing before it asks the server", async () => {
    const { user, fetch } = setUp("/login");
    await user.click(screen.getByRole("button", { name: "Sign in" }));
    expect(await screen.findByText("Enter your email address")).toBeInTheDocument();
    expect(screen.getByText("Enter your password")).toBeInTheDocument();
    expect(fetch).not.toHaveBeenCalled();
  });

  it("says in words that the credentials are wrong", async () => {
    const { user } = setUp("/login", problem(401, { code: "wrong_credentials", detail: "no" }));
    await user.type(screen.getByLabelText("Email"), "ada@example.org");
    await user.type(screen.getByLabelText("Password"), "wrong horse{Enter}");
    expect(await screen.findByRole("alert")).toHaveTextContent("Email or password is wrong.");
  });

  it("says why somebody was signed out", async () => {
    setUp("/login");
    await act(() => session.revoked());
    expect(screen.getByText(/You have been signed out/)).toBeInTheDocument();
  });
});

describe("register", () => {
  it("puts the server's complaint at the field it means", async () => {
    const errors = [{ field: "body.password", message: "This password is known to be stolen" }];
    const { user } = setUp("/register", problem(422, { code: "invalid", errors }));
    await user.type(screen.getByLabelText("Name"), "Ada");
    await user.type(screen.getByLabelText("Email"), "ada@example.org");
    await user.type(screen.getByLabelText("Password"), "correct horse{Enter}");
    expect(await screen.findByText("This password is known to be stolen")).toBeInTheDocument();
    await waitFor(() => expect(screen.getByLabelText("Password")).toBeInvalid());
  });

  it("offers a new password and the way to the other form, and is accessible", async () => {
    const { container } = setUp("/register");
    expect(screen.getByLabelText("Password")).toHaveAttribute("autocomplete", "new-password");
    expect(screen.getByRole("link", { name: "Sign in" })).toHaveAttribute("href", "/login");
    await expectAccessible(container);
  });
});
