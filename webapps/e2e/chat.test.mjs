/** A person chats: at once, again after a reload, in two tabs, and across a cut. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch } from "./browser.mjs";
import {
  accepted,
  answered,
  composer,
  conversationOpen,
  newPerson,
  own,
  PATIENCE_MS,
  register,
  replies,
  say,
} from "./person.mjs";

const QUESTION = "where is my order 48213?";
let browser;
let person;
let page;

before(async () => {
  browser = await launch();
  person = await newPerson(browser);
  page = person.page;
});
after(() => browser?.close());

test("registers and lands in an empty chat", async () => {
  await register(page, person);
  assert.equal(new URL(page.url()).pathname, "/chat");
});

test("a question shows at once, gets its tick, and an answer with its intent", async () => {
  await say(page, QUESTION);
  // Well under the time any answer needs: the bubble does not wait for the server.
  await own(page, QUESTION).waitFor({ timeout: 1_000 });
  await accepted(page, QUESTION);
  await answered(page, 1);
  await conversationOpen(page);
  await replies(page).first().getByRole("button", { name: "Details" }).click();
  const details = replies(page).first().getByRole("region", { name: "Why this answer" });
  await details.waitFor();
  const said = await details.innerText();
  assert.match(said, /Intent/);
  assert.match(said, /order/i);
  assert.match(said, /Confidence/);
  assert.match(said, /Model/);
});

test("the history is there after a reload", async () => {
  await page.reload();
  await accepted(page, QUESTION);
  await answered(page, 1);
  assert.equal(await own(page, QUESTION).count(), 1);
  assert.equal(await replies(page).count(), 1);
});

test("a second tab shows the same conversation live", async () => {
  const second = await person.context.newPage();
  await second.goto(page.url());
  await accepted(second, QUESTION);
  await say(page, "how do I return an item?");
  await accepted(second, "how do I return an item?");
  await answered(second, 2);
  await say(second, "thank you");
  await accepted(page, "thank you");
  await second.close();
});

test("what is written offline is kept, said to be kept, and delivered once", async () => {
  const text = "written while offline";
  await person.context.setOffline(true);
  await page.getByText("You are offline", { exact: false }).waitFor();
  await say(page, text);
  await own(page, text).getByRole("img", { name: "Waiting for the connection" }).waitFor();
  await person.context.setOffline(false);
  await accepted(page, text);
  await page.getByText("You are offline", { exact: false }).waitFor({ state: "detached" });
  await page.reload();
  await accepted(page, text);
  assert.equal(await own(page, text).count(), 1);
});

test("a draft survives a reload", async () => {
  await composer(page).fill("half a thought");
  await page.reload();
  await composer(page).waitFor();
  assert.equal(await composer(page).inputValue(), "half a thought");
  await composer(page).fill("");
});

test("on a narrow screen the list is a drawer, and a new chat starts from it", async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.getByRole("button", { name: "Show conversations" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "New chat" }).click();
  await page.getByRole("heading", { level: 1, name: /How can we help/ }).waitFor();
  await page.getByRole("button", { name: "Where is my order 48213?", exact: true }).click();
  assert.equal(await composer(page).inputValue(), "Where is my order 48213?");
  await page.setViewportSize({ width: 1280, height: 800 });
});

test("a conversation that is not ours is not shown", async () => {
  await page.goto("/chat/00000000-0000-4000-8000-000000000000");
  await page.getByRole("heading", { name: "This conversation is not here" }).waitFor();
});

test("signing out ends every tab, and the address then asks to sign in", async () => {
  const second = await person.context.newPage();
  await second.goto("/chat");
  await second.getByRole("heading", { level: 1 }).waitFor();
  await page.getByRole("button", { name: /Account of/ }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL(/\/login$/, { timeout: PATIENCE_MS });
  await second.waitForURL(/\/login$/, { timeout: PATIENCE_MS });
  await page.goto("/chat");
  await page.waitForURL(/\/login$/);
});

test("a wrong password is refused in words, the right one signs in", async () => {
  await page.getByLabel("Email").fill(person.email);
  await page.getByLabel("Password", { exact: true }).fill("not the password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").filter({ hasText: /\w/ }).first().waitFor();
  await page.getByLabel("Password", { exact: true }).fill(person.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("link", { name: /order 48213/i }).waitFor();
});
