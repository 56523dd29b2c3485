import { describe, expect, it } from "vitest";

import { authorizedFetch } from "../src";

const TOKENS = { token: async () => "old", refresh: async () => "new" };

/** Answers in turn and notes the token each request carried. */
function server(...answers: Response[]) {
  const carried: (string | null)[] = [];
  const bodies: string[] = [];
  const send = async (request: Request) => {
    carried.push(request.headers.get("Authorization"));
    bodies.push(await request.text());
    return answers.shift() ?? Promise.reject(new TypeError("no network"));
  };
  return { send, carried, bodies };
}

const request = () => new Request("http://parley.test/api/x", { method: "POST", body: "{}" });
const refused = () => new Response("{}", { status: 401 });

describe("authorizedFetch", () => {
  it("tries once more with a fresh token and the same body", async () => {
    const { send, carried, bodies } = server(refused(), new Response("{}"));
    await authorizedFetch(request(), TOKENS, send);
    expect(carried).toEqual(["Bearer old", "Bearer new"]);
    expect(bodies).toEqual(["{}", "{}"]);
  });

  it("does not try for ever", async () => {
    const { send, carried } = server(refused(), refused(), refused());
    const failure = await authorizedFetch(request(), TOKENS, send).catch((error: unknown) => error);
    expect(failure).toMatchObject({ status: 401 });
    expect(carried).toHaveLength(2);
  });

  it("says what the server said, and when nobody answered", async () => {
    const body = JSON.stringify({ code: "conversation_ended", detail: "It has ended." });
    const told = await authorizedFetch(
      request(),
      TOKENS,
      server(new Response(body, { status: 409 })).send,
    ).catch((error: unknown) => error);
    expect(told).toMatchObject({
      code: "conversation_ended",
      message: "It has ended.",
      status: 409,
    });
    const dead = await authorizedFetch(request(), TOKENS, server().send).catch((e: unknown) => e);
    expect(dead).toMatchObject({ code: "unreachable", status: 0 });
  });
});
