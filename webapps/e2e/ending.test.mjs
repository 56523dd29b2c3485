/** A person renames, ends and deletes a conversation, and every tab follows. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch } from "./browser.mjs";
import { composer, inTwoTabs, own } from "./person.mjs";

const QUESTION = "where is my order 48213?";
const TITLE = "The lid";
let browser;
let page;
let second;

before(async () => {
  browser = await launch();
  ({ page, second } = await inTwoTabs(browser, QUESTION));
});
after(() => browser?.close());

const header = (tab) => tab.locator(".chat-head");
const inList = (tab) => tab.getByRole("navigation", { name: "Conversations" });

async function choose(tab, place, wish) {
  await place.getByRole("button", { name: /^Options for/ }).click();
  await tab.getByRole("menuitem", { name: wish, exact: true }).click();
}

test("another title is shown in every tab, in the list and above the messages", async () => {
  await choose(page, header(page), "Rename");
  await page.getByRole("textbox", { name: "Title" }).fill(TITLE);
  await page.getByRole("button", { name: "Save" }).click();
  for (const tab of [page, second]) {
    await header(tab).getByRole("heading", { name: TITLE }).waitFor();
    await inList(tab).getByRole("link", { name: TITLE }).waitFor();
  }
});

test("an ended conversation takes no more messages in any tab, and leads to another", async () => {
  await choose(page, inList(page), "End");
  await page.getByRole("button", { name: "End it" }).click();
  for (const tab of [page, second]) {
    await tab.getByText("This conversation has ended.").waitFor();
    assert.equal(await composer(tab).count(), 0);
    assert.equal(await tab.getByRole("button", { name: "Edit message" }).count(), 0);
  }
  await second.reload();
  await second.getByText("This conversation has ended.").waitFor();
  await own(second, QUESTION).waitFor();
});

test("a deleted conversation is gone from every tab, and stays gone", async () => {
  const address = page.url();
  await choose(page, header(page), "Delete");
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByRole("heading", { level: 1, name: /How can we help/ }).waitFor();
  await second.getByText("This conversation is not here").waitFor();
  for (const tab of [page, second]) {
    await inList(tab).getByRole("link", { name: TITLE }).waitFor({ state: "detached" });
  }
  await page.goto(address);
  await page.getByText("This conversation is not here").waitFor();
  const shown = await page.locator("body").innerText();
  assert.ok(!shown.includes("48213"));
});
