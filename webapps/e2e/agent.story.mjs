/**
 * A person is called, a colleague answers from the desk and hands back. Making somebody an agent is
 * the operator's: the address is written out, and a line is awaited.
 */
import assert from "node:assert/strict";
import { once } from "node:events";

import { launch } from "./browser.mjs";
import {
  accepted,
  answered,
  composer,
  conversationOpen,
  newPerson,
  own,
  register,
  replies,
  say,
} from "./person.mjs";

const QUESTION = "where is my order 48213?";
const HELLO = "Hello, I look after it.";
const THANKS = "thank you!";
/** Each has a browser: contexts of the packaged one share their cookies. */
const browsers = [await launch(), await launch()];

const said = (page, name, text) =>
  page.getByRole("log").getByRole("article", { name }).filter({ hasText: text });
const here = (page) =>
  page.getByRole("list", { name: "People in this conversation" }).getByRole("img", { name: "Online" });

try {
  const ada = await newPerson(browsers[0]);
  await register(ada.page, ada);
  await say(ada.page, QUESTION);
  await accepted(ada.page, QUESTION);
  await answered(ada.page, 1);
  await conversationOpen(ada.page);

  const grace = { ...(await newPerson(browsers[1])), name: "Grace Hopper" };
  await register(grace.page, grace);
  assert.equal(await grace.page.getByText("Waiting for a person").count(), 0);
  console.log(grace.email);
  await once(process.stdin, "data");
  await grace.page.reload();
  await grace.page.getByRole("heading", { name: "Waiting for a person" }).waitFor();

  await ada.page.getByRole("button", { name: "Talk to a person" }).click();
  const waiting = grace.page.getByRole("link", { name: /Ada Lovelace/ });
  await waiting.focus();
  await grace.page.keyboard.press("Enter");
  await said(grace.page, "Ada Lovelace", QUESTION).waitFor();
  await grace.page.getByText("You answer here; the assistant is silent.").waitFor();
  await ada.page.getByRole("note").getByText("Grace Hopper joined").waitFor();
  await ada.page.getByText("Grace Hopper is with you; the assistant is silent.").waitFor();
  await Promise.all([here(ada.page).waitFor(), here(grace.page).waitFor()]);

  await grace.page.getByPlaceholder("Write to Ada Lovelace…").waitFor();
  await composer(grace.page).pressSequentially(HELLO);
  await ada.page.getByText("Grace Hopper is typing…").waitFor();
  await composer(grace.page).press("Enter");
  await said(ada.page, "Grace Hopper", HELLO).waitFor();
  await own(grace.page, HELLO).getByRole("img", { name: "Read" }).waitFor();
  await say(ada.page, THANKS);
  await said(grace.page, "Ada Lovelace", THANKS).waitFor();
  await own(ada.page, THANKS).getByRole("img", { name: "Read" }).waitFor();
  await grace.page.reload();
  await said(grace.page, "Ada Lovelace", THANKS).waitFor();

  await grace.page.getByRole("button", { name: "Hand back to the assistant" }).click();
  await ada.page.getByRole("button", { name: "Talk to a person" }).waitFor();
  await waiting.waitFor({ state: "detached" });
  const before = await replies(ada.page).count();
  await say(ada.page, QUESTION);
  await answered(ada.page, before + 1);
} finally {
  await Promise.all(browsers.map((browser) => browser.close()));
}
