/** A person changes their mind: edits, reacts, deletes, and sees it in every tab and later. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch } from "./browser.mjs";
import { accepted, answered, composer, inTwoTabs, own, replies, say } from "./person.mjs";

const TYPO = "where is my odrer 48213?";
const QUESTION = "where is my order 48213?";
const SECRET = "my secret is zebra";
const GONE = "This message was deleted";
let browser;
let page;
let second;

before(async () => {
  browser = await launch();
  ({ page, second } = await inTwoTabs(browser, TYPO));
});
after(() => browser?.close());

const editor = (tab) => tab.getByRole("textbox", { name: "Other words for this message" });

test("other words replace the old ones in every tab, and nobody answers them again", async () => {
  await own(page, TYPO).hover();
  await own(page, TYPO).getByRole("button", { name: "Edit message" }).click();
  await editor(page).fill(QUESTION);
  await editor(page).press("Enter");
  for (const tab of [page, second]) {
    await own(tab, QUESTION).getByText("Edited").waitFor();
    assert.equal(await own(tab, TYPO).count(), 0);
  }
  await say(page, "thank you");
  await answered(page, 2);
  assert.equal(await replies(page).count(), 2);
});

test("the arrow upwards in the empty field edits the last message", async () => {
  await composer(page).press("ArrowUp");
  assert.equal(await editor(page).inputValue(), "thank you");
  await editor(page).press("Escape");
  await editor(page).waitFor({ state: "detached" });
});

test("an emoji on an answer is seen in the other tab, and comes off again", async () => {
  const answer = replies(page).first();
  await answer.hover();
  await answer.getByRole("button", { name: "Add a reaction" }).click();
  await answer.getByRole("button", { name: "React with 🎉" }).click();
  await replies(second).first().getByRole("button", { name: "🎉 1" }).waitFor();
  await page.reload();
  const again = replies(page).first().getByRole("button", { name: "🎉 1" });
  await again.click();
  await again.waitFor({ state: "detached" });
  await replies(second)
    .first()
    .getByRole("button", { name: "🎉 1" })
    .waitFor({ state: "detached" });
});

test("what is deleted is gone everywhere, and stays gone", async () => {
  await say(page, SECRET);
  await accepted(page, SECRET);
  await accepted(second, SECRET);
  await own(page, SECRET).hover();
  await own(page, SECRET).getByRole("button", { name: "Delete message" }).click();
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  for (const tab of [page, second]) await own(tab, GONE).waitFor();
  // The history follows the log within moments.
  await page.waitForTimeout(1_500);
  await page.reload();
  await own(page, GONE).waitFor();
  const shown = await page.locator("body").innerText();
  assert.ok(!shown.includes("zebra"));
});
