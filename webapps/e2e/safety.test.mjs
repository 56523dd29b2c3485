/** What must hold on every page: nothing foreign runs, one React, a way out, open to everyone. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";

import { AxeBuilder } from "@axe-core/playwright";

import { launch } from "./browser.mjs";
import {
  accepted,
  answered,
  conversationOpen,
  newPerson,
  register,
  replies,
  say,
} from "./person.mjs";

const HOSTILE = [
  "hostile answer",
  "<script>window.pwned = 1</script>",
  "<img src=x onerror='window.pwned = 1'>",
  "![pixel](https://evil.example/p.png)",
  "[click me](javascript:window.pwned=1)",
  "<iframe src='https://evil.example'></iframe>",
  "<style>body { display: none }</style>",
].join("\n\n");

/** An own event, because what the socket replays of a real one may come before history. */
function hostileReply(conversationId) {
  return {
    type: "reply",
    event_id: randomUUID(),
    message_id: randomUUID(),
    conversation_id: conversationId,
    correlation_id: randomUUID(),
    in_reply_to: randomUUID(),
    occurred_at: new Date().toISOString(),
    sender: { id: randomUUID(), kind: "assistant", name: "Parley" },
    text: HOSTILE,
    attachments: [],
    source: "model",
    intent: null,
    confidence: 0.5,
    citations: [],
    model_version: "hostile",
  };
}

let browser;
let person;
let page;
const complaints = [];
const foreign = [];

before(async () => {
  browser = await launch();
  person = await newPerson(browser);
  page = person.page;
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (line) => {
    if (/content security policy/i.test(line.text())) complaints.push(line.text());
  });
  page.on("request", (request) => {
    if (request.url().includes("evil.example")) foreign.push(request.url());
  });
});
after(() => browser?.close());

const describe = ({ html, any }) => `${html} ${any.map(({ message }) => message).join(", ")}`;

/** Colours that still change from one theme to the other have the contrast of neither. */
async function settled() {
  await page.evaluate(async () => {
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    const ending = document
      .getAnimations()
      .filter((animation) => animation.effect?.getComputedTiming().endTime !== Infinity);
    await Promise.allSettled(ending.map((animation) => animation.finished));
  });
}

async function expectNoSeriousFinding(what) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    const dark = colorScheme === "dark";
    await page.waitForFunction(
      (is) => document.documentElement.classList.contains("dark") === is,
      dark,
    );
    await settled();
    const { violations } = await new AxeBuilder({ page }).analyze();
    const serious = violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${nodes.map(describe).join(" | ")}`);
    assert.deepEqual(serious, [], `${what} in ${colorScheme}`);
  }
}

test("the pages to sign in and register are open to everyone", async () => {
  await page.goto("/login");
  await page.getByRole("heading", { level: 1, name: "Welcome back" }).waitFor();
  await expectNoSeriousFinding("login");
  await page.getByRole("link", { name: "Create an account" }).click();
  await page.getByRole("heading", { level: 1, name: "Create your account" }).waitFor();
  await expectNoSeriousFinding("register");
});

test("so are a new chat and a conversation with its details", async () => {
  await register(page, person);
  await expectNoSeriousFinding("new chat");
  await say(page, "where is my order 48213?");
  await accepted(page, "where is my order 48213?");
  await answered(page, 1);
  await conversationOpen(page);
  await replies(page).first().getByRole("button", { name: "Details" }).click();
  await expectNoSeriousFinding("conversation");
});

test("an answer with hostile markdown neither runs nor loads anything", async () => {
  await page.route("**/api/chat/conversations/*/messages*", async (route) => {
    const response = await route.fetch();
    const body = await response.json();
    body.items.push(hostileReply(new URL(page.url()).pathname.split("/").at(-1)));
    await route.fulfill({ response, json: body });
  });
  await page.reload();
  const answer = replies(page).filter({ hasText: "hostile answer" }).first();
  await answer.waitFor();
  await answer.locator(".md").waitFor();
  assert.equal(await answer.locator("script, iframe, style, img, [onerror]").count(), 0);
  assert.equal(await answer.locator("a[href^='javascript']").count(), 0);
  assert.equal(await page.evaluate(() => window.pwned), undefined);
  assert.deepEqual(foreign, []);
  await page.unroute("**/api/chat/conversations/*/messages*");
});

test("shell and remotes share one React", async () => {
  const providers = await page.evaluate(() => {
    const found = new Set();
    for (const instance of globalThis.__FEDERATION__?.__INSTANCES__ ?? []) {
      const versions = instance.shareScopeMap?.default?.react ?? {};
      for (const [version, shared] of Object.entries(versions)) {
        if (shared.loaded) found.add(`${version} from ${shared.from}`);
      }
    }
    return [...found];
  });
  assert.equal(providers.length, 1, providers.join(", "));
});

test("a remote that cannot be loaded leaves a card, and comes back", async () => {
  await page.route("**/mf/chat/**", (route) => route.abort());
  await page.goto("/chat");
  const card = page.getByRole("alert");
  await card.getByRole("heading", { name: "This part of Parley did not load" }).waitFor();
  await page.getByRole("button", { name: /Account of/ }).waitFor();
  await page.unroute("**/mf/chat/**");
  await card.getByRole("button", { name: "Try again" }).click();
  await page.getByRole("heading", { level: 1, name: /How can we help/ }).waitFor();
});

test("a chosen theme is there before the first paint of the next visit", async () => {
  await page.emulateMedia({ colorScheme: "light" });
  await page.getByRole("radio", { name: "Dark" }).check({ force: true });
  await page.reload({ waitUntil: "commit" });
  await page.waitForFunction(() => document.body);
  assert.equal(await page.evaluate(() => document.documentElement.className), "dark");
});

test("the policy allows no inline script, and nothing complained about it", async () => {
  const policy = (await page.request.get("/")).headers()["content-security-policy"] ?? "";
  const scripts = policy.split(";").find((part) => part.trim().startsWith("script-src")) ?? "";
  assert.match(scripts, /'self'/);
  assert.doesNotMatch(scripts, /unsafe/);
  assert.deepEqual(complaints, []);
});
