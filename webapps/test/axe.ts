/** Checks a piece of page for what would shut people out; colours need a real browser. */
import axe from "axe-core";
import { expect } from "vitest";

export async function expectAccessible(element: Element): Promise<void> {
  const rules = { "color-contrast": { enabled: false }, region: { enabled: false } };
  const { violations } = await axe.run(element, { rules });
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ""}`)).toEqual([]);
}
