/** What a person does in the web app, in one place, so that the tests read as stories. */
import { randomUUID } from "node:crypto";

export const BASE = (process.env.PARLEY_URL ?? "http://127.0.0.1:8000").replace(/\/$/, "");
export const PATIENCE_MS = 20_000;

export async function newPerson(browser, options = {}) {
  const context = await browser.newContext({ baseURL: BASE, ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  const person = {
    context,
    name: "Ada Lovelace",
    email: `e2e-${randomUUID()}@example.org`,
    password: `correct horse ${randomUUID()}`,
  };
  return { ...person, page: await context.newPage() };
}

export async function register(page, person) {
  await page.goto("/register");
  await page.getByLabel("Name").fill(person.name);
  await page.getByLabel("Email").fill(person.email);
  await page.getByLabel("Password", { exact: true }).fill(person.password);
  await page.getByRole("button", { name: "Create account" }).click();
  await page.getByRole("heading", { level: 1, name: /How can we help/ }).waitFor();
}

export const composer = (page) => page.getByRole("textbox", { name: "Message" });
export const own = (page, text) =>
  page.getByRole("log").getByRole("article", { name: "You" }).filter({ hasText: text });
export const replies = (page) => page.locator(".chat-reply");

export async function say(page, text) {
  await composer(page).fill(text);
  await composer(page).press("Enter");
}

/** Waits until the own message is on the log. */
export async function accepted(page, text) {
  await own(page, text).getByRole("img", { name: "Sent" }).waitFor();
}

/** Waits until there are at least so many answers. */
export async function answered(page, count) {
  await replies(page)
    .nth(count - 1)
    .waitFor();
}

export async function conversationOpen(page) {
  await page.waitForURL(/\/chat\/[0-9a-f-]{36}$/);
}

/** Somebody new has asked something and has their answer, in two tabs. */
export async function inTwoTabs(browser, question) {
  const person = await newPerson(browser);
  const { page } = person;
  await register(page, person);
  await say(page, question);
  await accepted(page, question);
  await answered(page, 1);
  await conversationOpen(page);
  const second = await person.context.newPage();
  await second.goto(page.url());
  await accepted(second, question);
  await answered(second, 1);
  return { page, second };
}
