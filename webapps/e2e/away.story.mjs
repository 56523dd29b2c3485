/**
 * A question asked while the assistant is away. Prints `waiting` when the page has said that the
 * answer will come, so that who runs this can bring the assistant back.
 */
import { launch } from "./browser.mjs";
import { accepted, answered, newPerson, own, register, replies, say } from "./person.mjs";

const QUESTION = "where is my order 48213?";
const browser = await launch();
try {
  const person = await newPerson(browser);
  const { page } = person;
  page.setDefaultTimeout(60_000);
  await register(page, person);
  await say(page, QUESTION);
  await accepted(page, QUESTION);
  await page.getByText("The answer will arrive when the assistant is back").waitFor();
  console.log("waiting");
  await answered(page, 1);
  const counts = [await own(page, QUESTION).count(), await replies(page).count()];
  if (counts.some((count) => count !== 1)) throw new Error(`not once: ${counts.join(", ")}`);
} finally {
  await browser.close();
}
