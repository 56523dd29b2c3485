/** A person says what an answer was worth, calls somebody else, and asks the assistant again. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch } from "./browser.mjs";
import { accepted, answered, inTwoTabs, replies, say } from "./person.mjs";

const QUESTION = "where is my order 48213?";
const MEANWHILE = "is anybody there?";
const AGAIN = "where is my order 55555?";
let browser;
let page;
let second;

before(async () => {
  browser = await launch();
  ({ page, second } = await inTwoTabs(browser, QUESTION));
});
after(() => browser?.close());

const thumb = (tab, name) => replies(tab).first().getByRole("button", { name, exact: true });

test("a thumb and its reason are there in every tab, and after a reload", async () => {
  await thumb(page, "Bad answer").click();
  await page.keyboard.type("it is not my order");
  await page.keyboard.press("Enter");
  await page.getByText("Thank you").first().waitFor();
  const pressed = replies(second)
    .first()
    .getByRole("button", { name: "Bad answer", exact: true, pressed: true });
  await pressed.waitFor();
  await second.reload();
  await pressed.waitFor();
});

test("a called person silences the assistant in every tab, until it is asked again", async () => {
  await page.getByRole("button", { name: "Talk to a person" }).click();
  for (const tab of [page, second]) {
    await tab.getByText("A colleague has been called; the assistant is silent.").waitFor();
  }
  await say(page, MEANWHILE);
  await accepted(page, MEANWHILE);
  await page.getByRole("button", { name: "Ask the assistant again" }).click();
  await second.getByRole("button", { name: "Talk to a person" }).waitFor();
  await say(page, AGAIN);
  await answered(page, 2);
  assert.equal(await replies(page).count(), 2);
});
