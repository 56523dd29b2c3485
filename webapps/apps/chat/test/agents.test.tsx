import type { Agent, ConversationJoinedFrame, Waiting } from "@parley/contract";
import { MemoryRouter, Route, Routes, useLocation } from "@parley/router";
import { addTexts } from "@parley/ui";
import { render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { expectAccessible } from "../../../test/axe";
import { ProvideChat } from "../src/chat-provider";
import english from "../src/locales/en.json";
import { cameSince, isAgent, mergeAgents } from "../src/state/agents";
import { mergeDesk } from "../src/state/desk";
import { EMPTY } from "../src/state/threads";
import { DeskList } from "../src/views/desk-list";
import { HandledBanner } from "../src/views/handled";
import { Joined } from "../src/views/joined";
import { namesOf } from "../src/views/people";
import { PersonMessage } from "../src/views/person-message";
import type { Desk } from "../src/views/use-desk";
import { FakeServer, joined } from "./fake-server";
import { handover, ME, message, reply, TALK } from "./records";

addTexts("chat", english);

const at = (second: number) => `2026-01-01T10:00:${String(second).padStart(2, "0")}.000000Z`;
const GRACE: Agent = { id: "agent-1", name: "Grace", joined_at: at(3) };
const LINUS: Agent = { id: "agent-2", name: "Linus", joined_at: at(5) };
const ADA = { id: "user-9", name: "Ada" };

const came = ({ id, name, joined_at }: Agent, position?: string): ConversationJoinedFrame => ({
  type: "conversation:joined",
  event_id: `join-${id}`,
  correlation_id: `join-${id}`,
  conversation_id: TALK,
  occurred_at: joined_at,
  sender: { id, kind: "agent", name },
  ...(position && { at: position }),
});

const waiting = (more: Partial<Waiting> = {}): Waiting => ({
  id: TALK,
  title: null,
  first_message_preview: "where is my order?",
  owner: ADA,
  handled_since: at(2),
  note: null,
  agents: [],
  ...more,
});

const typing = (user_id: string) =>
  ({ type: "typing", conversation_id: TALK, user_id, active: true, expires_ms: 6_000 }) as const;

describe("who came in", () => {
  it("is a set in the order of coming, whatever is heard twice or late", () => {
    const both = mergeAgents([LINUS], [GRACE, LINUS]);
    expect(both.map(({ name }) => name)).toEqual(["Grace", "Linus"]);
    expect(mergeAgents(both, [LINUS, GRACE])).toBe(both);
  });

  it("is named with the owner and who has spoken, without oneself and the assistant", () => {
    const records = [message("m1", 1, { sender: { ...ADA, kind: "user" } }), reply("r1", 2)];
    const thread = { records, owner: ADA, agents: [GRACE, LINUS] };
    expect([...namesOf(thread, "agent-2").values()]).toEqual(["Ada", "Grace"]);
    expect([...namesOf(thread, "user-9").values()]).toEqual(["Grace", "Linus"]);
  });

  it("is with whoever called only since the call", () => {
    expect(cameSince([GRACE, LINUS], at(3))).toEqual([GRACE, LINUS]);
    expect(cameSince([GRACE, LINUS], at(4))).toEqual([LINUS]);
  });

  it("are people of these roles", () => {
    const roles = ["user", "agent", "analyst", "admin"];
    expect(roles.filter((role) => isAgent({ role }))).toEqual(["agent", "admin"]);
  });
});

describe("an agent's tab", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("comes in before it joins, and shows whose it is and who is there", async () => {
    const server = new FakeServer();
    server.owner = ADA;
    server.agents = [GRACE];
    let letIn = () => {};
    server.come = () => new Promise((resolve) => void (letIn = resolve));
    const client = server.client();
    client.start();
    void client.enter(TALK);
    await vi.advanceTimersByTimeAsync(0);
    expect(server.entered).toEqual([TALK]);
    expect(server.of("conversation:join")).toEqual([]);
    letIn();
    await vi.advanceTimersByTimeAsync(0);
    server.acceptJoins();
    await vi.advanceTimersByTimeAsync(0);
    expect(client.getState().threads[TALK]).toMatchObject({
      owner: ADA,
      agents: [GRACE],
      joined: true,
      missing: false,
    });
  });

  it("says so when it is not let in, and tries again when asked to", async () => {
    const server = new FakeServer();
    const client = server.client();
    client.start();
    server.come = () => Promise.reject(new Error("away"));
    await client.enter(TALK);
    expect(client.getState().threads[TALK]?.problem).not.toBeNull();
    server.comeBack();
    expect(server.of("conversation:join")).toEqual([]);
    server.come = async () => undefined;
    client.reload(TALK);
    await vi.advanceTimersByTimeAsync(0);
    expect(server.of("conversation:join")).not.toEqual([]);
    expect(client.getState().threads[TALK]?.problem).toBeNull();
  });

  it("takes nothing that it hears of other conversations for having heard them", async () => {
    const { server, client } = await joined();
    server.say({ type: "caught_up", conversation_id: TALK, positions: ["m3:5"] });
    client.close(TALK);
    const news = client.getState().deskNews;
    server.say({ ...handover("agent", 9), at: null });
    server.say(came(GRACE));
    expect(client.getState().deskNews).toBe(news + 2);
    expect(client.getState().threads[TALK]?.agents).toEqual([GRACE]);
    server.sent = [];
    client.open(TALK);
    expect(server.of("conversation:join")[0]?.positions).toEqual(["m3:5"]);
  });

  it("forgets who typed when it is handed over", async () => {
    const { server, client } = await joined();
    server.say(typing("user-9"));
    server.say(typing("agent-1"));
    expect(client.getState().typing[TALK]).toEqual(["user-9", "agent-1"]);
    server.say(handover("assistant", 9));
    expect(client.getState().typing[TALK]).toEqual([]);
  });

  it("hears of presence as soon as the conversation is joined", async () => {
    const server = new FakeServer();
    const client = server.client();
    client.start();
    client.open(TALK);
    client.watch(["user-9"]);
    await vi.advanceTimersByTimeAsync(0);
    server.sent = server.of("conversation:join");
    server.acceptJoins();
    expect(server.of("presence:watch")).toEqual([{ type: "presence:watch", user_ids: ["user-9"] }]);
  });
});

describe("the desk", () => {
  const desk = (items: Waiting[], more: Partial<Desk> = {}): Desk => ({
    items,
    loading: false,
    failed: false,
    more: null,
    retry: () => undefined,
    ...more,
  });
  const show = (shown: Desk) =>
    render(
      <MemoryRouter>
        <DeskList basename="/chat" current={TALK} desk={shown} userId={ME} onChosen={() => undefined} />
      </MemoryRouter>,
    );

  it("loses what was handed back since, and learns who came", () => {
    const thread = { ...EMPTY, agents: [GRACE] };
    const back = { to: "assistant", occurred_at: at(4), event_id: "h4" } as const;
    expect(mergeDesk([waiting()], { [TALK]: thread })[0]?.agents).toEqual([GRACE]);
    expect(mergeDesk([waiting()], { [TALK]: { ...thread, handover: back } })).toEqual([]);
    const older = { ...back, occurred_at: at(1) };
    expect(mergeDesk([waiting()], { [TALK]: { ...thread, handover: older } })).toHaveLength(1);
    const over = { title: null, ended: true, deleted: false };
    expect(mergeDesk([waiting()], { [TALK]: thread }, { [TALK]: over })).toEqual([]);
  });

  it("lists who waits, why, and who is there already", async () => {
    const other = waiting({ id: "talk-2", note: "broken lid", agents: [GRACE, LINUS] });
    const { container } = show(desk([waiting(), other]));
    expect(screen.getByRole("status")).toHaveTextContent("2 conversations are with a person");
    const [first, second] = screen.getAllByRole("link");
    expect(first).toHaveAttribute("aria-current", "page");
    expect(first).toHaveTextContent("Where is my order?");
    expect(second).toHaveAttribute("href", "/chat/talk-2");
    expect(within(second as HTMLElement).getByText("broken lid")).toBeVisible();
    expect(within(second as HTMLElement).getByText("With Grace, Linus")).toBeVisible();
    await expectAccessible(container);
  });

  it("opens one's own as one's own, and comes into what is another's", async () => {
    const Shown = () => <p>{JSON.stringify(useLocation().state)}</p>;
    const mine = waiting({ id: "talk-2", owner: { id: ME, name: "Me" } });
    render(
      <MemoryRouter>
        <DeskList
          basename="/chat"
          current={undefined}
          desk={desk([waiting(), mine])}
          userId={ME}
          onChosen={() => undefined}
        />
        <Routes>
          <Route path="*" element={<Shown />} />
        </Routes>
      </MemoryRouter>,
    );
    await userEvent.click(screen.getByRole("link", { name: /Ada/ }));
    expect(screen.getByText('{"enter":true}')).toBeVisible();
    await userEvent.click(screen.getByRole("link", { name: /Me/ }));
    expect(screen.getByText("null")).toBeVisible();
  });

  it("says that nobody waits, or that it does not know", () => {
    const { unmount } = show(desk([]));
    expect(screen.getByText("Nobody is waiting.")).toBeVisible();
    unmount();
    show(desk([], { failed: true }));
    expect(screen.getByRole("alert")).toBeVisible();
    expect(screen.queryByText("Nobody is waiting.")).toBeNull();
  });
});

describe("what both sides see", () => {
  it("says who joined where in the log", () => {
    const before = message("m1", 2);
    const after = message("m2", 4);
    render(
      <>
        <Joined agents={[GRACE, LINUS]} before={before} />
        <Joined agents={[GRACE, LINUS]} after={before} before={after} />
        <Joined agents={[GRACE, LINUS]} after={after} />
      </>,
    );
    const said = screen.getAllByRole("note").map((line) => line.textContent);
    expect(said).toHaveLength(2);
    expect(said[0]).toMatch(/^Grace joined/);
    expect(said[1]).toMatch(/^Linus joined/);
  });

  it("shows a colleague's words as they are, with name and role", async () => {
    const sender = { id: GRACE.id, kind: "agent", name: "Grace" } as const;
    const client = new FakeServer().client();
    const { container } = render(
      <ProvideChat client={client}>
        <PersonMessage record={message("m1", 1, { sender, text: "*not* bold" })} userId={ME} />
      </ProvideChat>,
    );
    const said = screen.getByRole("article", { name: "Grace" });
    expect(within(said).getByText("*not* bold")).toBeVisible();
    expect(within(said).getByText("Colleague")).toBeVisible();
    await expectAccessible(container);
  });

  it("tells the owner who is there, and the colleague to hand back", () => {
    const called = { to: "agent", occurred_at: at(2), event_id: "h2" } as const;
    const client = new FakeServer().client();
    const banner = (asAgent: boolean) => (
      <ProvideChat client={client}>
        <HandledBanner
          conversationId={TALK}
          handover={called}
          agents={[GRACE]}
          asAgent={asAgent}
        />
      </ProvideChat>
    );
    const { rerender } = render(banner(false));
    expect(screen.getByText("Grace is with you; the assistant is silent.")).toBeVisible();
    rerender(banner(true));
    expect(screen.getByText("You answer here; the assistant is silent.")).toBeVisible();
    expect(screen.getByRole("button", { name: "Hand back to the assistant" })).toBeVisible();
  });
});
