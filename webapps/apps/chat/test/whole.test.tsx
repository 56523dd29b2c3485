import { ProblemError, type Conversation } from "@parley/contract";
import { MemoryRouter } from "@parley/router";
import { addTexts } from "@parley/ui";
import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { expectAccessible } from "../../../test/axe";
import { ProvideChat } from "../src/chat-provider";
import english from "../src/locales/en.json";
import { mergeConversations } from "../src/state/conversations";
import { ConversationMenu } from "../src/views/conversation-menu";
import { Ended } from "../src/views/ended";
import { OwnMessage } from "../src/views/own-message";
import { Sidebar } from "../src/views/sidebar";
import { FakeServer, joined } from "./fake-server";
import { begun, ended, gone, ME, message, renamed, TALK } from "./records";

addTexts("chat", english);

const BUSY = new ProblemError({ code: "busy" }, 503);
const NOT_FOUND = new ProblemError({ code: "not_found" }, 404);

function listed(more: Partial<Conversation> = {}): Conversation {
  return {
    id: TALK,
    title: "Order",
    titled_at: "2026-01-01T10:00:01.000000Z",
    status: "active",
    handled_by: "assistant",
    started_at: "2026-01-01T10:00:00.000000Z",
    last_message_at: null,
    last_message_preview: null,
    ...more,
  };
}

describe("a conversation as a whole", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("has the latest title, in whatever order they come", async () => {
    const { server, client } = await joined();
    const shown = (item = listed()) =>
      mergeConversations([item], [], {}, client.getState().wholes)[0]?.title;
    expect(shown()).toBe("Order");
    server.say(renamed(4, "third"));
    server.say(renamed(3, "second"));
    expect(shown()).toBe("third");
    expect(shown(listed({ title: "fourth", titled_at: "2026-01-01T10:00:05.000000Z" }))).toBe(
      "fourth",
    );
  });

  it("ends for good, in every tab, live and by history", async () => {
    const { server, client } = await joined([message("m1", 1)]);
    server.say(ended(2));
    server.say(renamed(3, "over"));
    const [item] = mergeConversations([listed()], [], {}, client.getState().wholes);
    expect(item).toMatchObject({ status: "ended", title: "over" });

    const other = new FakeServer();
    other.endedAt = "2026-01-01T10:00:02.000000Z";
    other.title = { text: "over", occurred_at: "2026-01-01T10:00:03.000000Z", event_id: "e" };
    const reloaded = other.client();
    reloaded.start();
    reloaded.open(TALK);
    await vi.advanceTimersByTimeAsync(0);
    expect(reloaded.getState().wholes[TALK]).toMatchObject({
      ended: true,
      title: { text: "over" },
    });
  });

  it("goes on from behind its end after a cut", async () => {
    const { server } = await joined();
    server.say(message("m1", 4));
    server.say(ended(5));
    expect(server.comeBack()).toEqual(["m3:5"]);
  });

  it("leaves nothing behind when it is deleted", async () => {
    const { server, client } = await joined([message("m1", 1)]);
    client.send("one more", { conversationId: TALK });
    server.say(begun("other"));
    server.say(gone(2));
    server.say(gone(2));
    const { threads, outbox, started, wholes } = client.getState();
    expect(threads[TALK]).toMatchObject({ records: [], missing: true, joined: false });
    expect(outbox).toEqual([]);
    const left = mergeConversations([listed()], started, threads, wholes);
    expect(left.map(({ id }) => id)).toEqual(["other"]);
    server.cut();
    server.sent = [];
    server.open();
    expect(server.of("message")).toEqual([]);
  });

  it("is renamed under one name, however often it has to be asked", async () => {
    const { server, client } = await joined();
    server.failures = [BUSY, BUSY];
    const renaming = client.wholes.rename(TALK, "other");
    await vi.advanceTimersByTimeAsync(30_000);
    await renaming;
    const [first, ...again] = server.changes;
    expect(first).toMatchObject({ title: "other" });
    expect(first?.client_event_id).toBeTruthy();
    expect(again).toEqual([first, first]);
  });

  it("says when it could not be changed", async () => {
    const { server, client } = await joined();
    server.failures = [BUSY, BUSY, BUSY];
    const failing = expect(client.wholes.end(TALK)).rejects.toBe(BUSY);
    await vi.advanceTimersByTimeAsync(30_000);
    await failing;
    expect(client.getState().wholes[TALK]?.ended).toBeFalsy();
    server.failures = [NOT_FOUND];
    await expect(client.wholes.rename(TALK, "x")).rejects.toBe(NOT_FOUND);
  });

  it("is deleted when it is gone already", async () => {
    const { server, client } = await joined();
    server.failures = [BUSY, NOT_FOUND];
    const removing = client.wholes.remove(TALK);
    await vi.advanceTimersByTimeAsync(30_000);
    await removing;
    expect(client.getState().wholes[TALK]?.deleted).toBe(true);
    expect(server.changes).toEqual([null, null]);
  });
});

describe("the menu of a conversation", () => {
  async function setUp(isEnded = false) {
    const server = new FakeServer();
    const client = server.client();
    const onDeleted = vi.fn();
    const { container } = render(
      <ProvideChat client={client}>
        <ConversationMenu id={TALK} title="Order" ended={isEnded} onDeleted={onDeleted} />
      </ProvideChat>,
    );
    const user = userEvent.setup();
    const choose = async (name: string) => {
      await user.click(screen.getByRole("button", { name: "Options for Order" }));
      await user.click(await screen.findByRole("menuitem", { name }));
    };
    return { server, client, container, user, choose, onDeleted };
  }

  it("renames", async () => {
    const { server, user, choose } = await setUp();
    await choose("Rename");
    const field = await screen.findByRole("textbox", { name: "Title" });
    await expectAccessible(await screen.findByRole("dialog"));
    await user.clear(field);
    expect(screen.getByRole("button", { name: "Save" })).toBeDisabled();
    await user.type(field, " The lid {Enter}");
    await waitFor(() => expect(server.changes).toMatchObject([{ title: "The lid" }]));
    await waitFor(() => expect(screen.queryByRole("textbox")).toBeNull());
  });

  it("takes no title that is too long, and says by how much", async () => {
    const { server, user, choose } = await setUp();
    await choose("Rename");
    const field = await screen.findByRole("textbox", { name: "Title" });
    await user.clear(field);
    await user.click(field);
    await user.paste("x".repeat(122));
    expect(screen.getByRole("alert")).toHaveTextContent("2 characters too many");
    await user.keyboard("{Enter}");
    expect(server.changes).toEqual([]);
  });

  it("asks before it ends one, and says when that failed", async () => {
    const { server, client, user, choose } = await setUp();
    await choose("End");
    const dialog = await screen.findByRole("dialog");
    expect(dialog).toHaveTextContent("Nothing more can be said in it, for good.");
    server.failures = [NOT_FOUND];
    await user.click(screen.getByRole("button", { name: /End it/ }));
    expect(await screen.findByRole("alert")).toHaveTextContent("no longer there");
    await user.click(screen.getByRole("button", { name: /End it/ }));
    await waitFor(() => expect(client.getState().wholes[TALK]?.ended).toBe(true));
    expect(server.changes).toEqual([{ status: "ended" }, { status: "ended" }]);
  });

  it("asks before it deletes one, and does nothing when the answer is no", async () => {
    const { server, user, choose, onDeleted } = await setUp(true);
    await choose("Delete");
    await user.click(await screen.findByRole("button", { name: "Cancel" }));
    expect(server.changes).toEqual([]);
    await choose("Delete");
    await user.click(await screen.findByRole("button", { name: "Delete" }));
    await waitFor(() => expect(onDeleted).toHaveBeenCalledOnce());
    expect(server.changes).toEqual([null]);
  });

  it("does not offer to end what has ended", async () => {
    const { container, user } = await setUp(true);
    await expectAccessible(container);
    await user.click(screen.getByRole("button", { name: "Options for Order" }));
    await screen.findByRole("menuitem", { name: "Rename" });
    expect(screen.queryByRole("menuitem", { name: "End" })).toBeNull();
  });
});

describe("what is shown", () => {
  it("says that a conversation has ended, and leads to another one", async () => {
    const { container } = render(
      <MemoryRouter>
        <Ended basename="/chat" />
      </MemoryRouter>,
    );
    expect(screen.getByRole("status")).toHaveTextContent("This conversation has ended.");
    expect(screen.getByRole("link", { name: "Start another one" })).toHaveAttribute(
      "href",
      "/chat",
    );
    await expectAccessible(container);
  });

  it("offers no other words and no emoji then, but still to take them back", () => {
    const server = new FakeServer();
    const client = server.client();
    client.start();
    const own = (
      <ProvideChat client={client}>
        <OwnMessage record={message("m1", 1)} reach="sent" editing={false} onEditing={vi.fn()} />
      </ProvideChat>
    );
    const { rerender } = render(own);
    expect(screen.getByRole("button", { name: "Edit message" })).toBeVisible();
    server.say(ended(2));
    rerender(own);
    expect(screen.queryByRole("button", { name: "Edit message" })).toBeNull();
    expect(screen.queryByRole("button", { name: "Add a reaction" })).toBeNull();
    expect(screen.getByRole("button", { name: "Delete message" })).toBeVisible();
  });

  it("marks it in the list, and has a menu for each", async () => {
    const client = new FakeServer().client();
    const conversations = {
      items: [listed(), listed({ id: "talk-2", title: "Old", status: "ended" })],
      loading: false,
      failed: false,
      more: null,
      retry: vi.fn(),
    };
    const { container } = render(
      <MemoryRouter>
        <ProvideChat client={client}>
          <Sidebar
            basename=""
            current={TALK}
            conversations={conversations}
            desk={null}
            userId={ME}
            onChosen={vi.fn()}
          />
        </ProvideChat>
      </MemoryRouter>,
    );
    expect(screen.getByRole("link", { name: /Old · Ended/ })).toBeVisible();
    for (const title of ["Order", "Old"]) {
      expect(screen.getByRole("button", { name: `Options for ${title}` })).toBeVisible();
    }
    await expectAccessible(container);
  });
});
