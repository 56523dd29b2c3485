import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { ProblemError, Session, type SessionPorts } from "../src";

const USER = { id: "u1", email: "ada@example.org", name: "Ada", role: "user" };

function answer(status: number, body: object): Response {
  return new Response(status === 204 ? null : JSON.stringify(body), { status });
}

function signedIn(token: string, seconds = 900): Response {
  const expiresAt = new Date(Date.now() + seconds * 1000).toISOString();
  return answer(200, { token, user: USER, expiresAt });
}

/** A gateway that answers in turn and remembers what it was asked. */
function gateway(...answers: (Response | Error)[]) {
  const asked: { path: string; init: RequestInit }[] = [];
  const ports: SessionPorts = {
    fetch: async (path, init) => {
      asked.push({ path: String(path), init: init ?? {} });
      const next = answers.shift() ?? new Error("nothing more to answer");
      if (next instanceof Error) throw next;
      return next;
    },
    exclusive: (work) => work(),
    channel: null,
    now: () => Date.now(),
  };
  return { session: new Session(ports), asked };
}

describe("session", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("restores from the cookie with the header that proves it is no foreign form", async () => {
    const { session, asked } = gateway(signedIn("t1"));
    await session.restore();
    expect(session.getState()).toEqual({ status: "signed-in", user: USER });
    expect(await session.token()).toBe("t1");
    expect(asked[0]?.path).toBe("/api/auth/refresh");
    expect(asked[0]?.init.headers).toMatchObject({ "X-Parley-CSRF": "1" });
    expect(asked[0]?.init.credentials).toBe("same-origin");
  });

  it("is signed out when the cookie is refused, and unreachable when nobody answers", async () => {
    const refused = gateway(answer(401, { code: "not_signed_in" }));
    await refused.session.restore();
    expect(refused.session.getState().status).toBe("signed-out");
    const dead = gateway(new Error("no network"));
    await dead.session.restore();
    expect(dead.session.getState().status).toBe("unreachable");
  });

  it("says that it was revoked, and drops the cookie", async () => {
    const { session, asked } = gateway(signedIn("t1"), answer(204, {}), signedIn("t2"));
    await session.restore();
    const leaving = session.revoked();
    expect(session.getState()).toEqual({ status: "signed-out", revoked: true });
    await leaving;
    expect(asked.at(-1)?.path).toBe("/api/auth/logout");
    expect(await session.token()).toBeNull();
    await session.login({ email: USER.email, password: "correct horse" });
    expect(session.getState()).toEqual({ status: "signed-in", user: USER });
  });

  it("goes on asking while nobody answers", async () => {
    const { session } = gateway(new Error("down"), new Error("down"), signedIn("t1"));
    await session.restore();
    await vi.advanceTimersByTimeAsync(16_000);
    expect(session.getState().status).toBe("signed-in");
  });

  it("refreshes before the token ends", async () => {
    const { session } = gateway(signedIn("t1", 120), signedIn("t2"));
    await session.restore();
    await vi.advanceTimersByTimeAsync(61_000);
    expect(await session.token()).toBe("t2");
  });

  it("asks once when several callers need a token together", async () => {
    const { session, asked } = gateway(signedIn("t1"));
    await Promise.all([session.token(), session.token(), session.token()]);
    expect(asked).toHaveLength(1);
  });

  it("stays signed in through an outage of the server", async () => {
    const { session } = gateway(signedIn("t1", 70), answer(503, { code: "busy" }), signedIn("t2"));
    await session.restore();
    await vi.advanceTimersByTimeAsync(11_000);
    expect(session.getState().status).toBe("signed-in");
    await vi.advanceTimersByTimeAsync(11_000);
    expect(await session.token()).toBe("t2");
  });

  it("passes on why a sign-in was refused", async () => {
    const errors = [{ field: "email", message: "taken" }];
    const { session } = gateway(answer(409, { code: "email_taken", detail: "taken", errors }));
    const failure = await session.register({ ...USER, password: "x" }).catch((e: unknown) => e);
    expect(failure).toBeInstanceOf(ProblemError);
    expect(failure).toMatchObject({ code: "email_taken", status: 409, fields: errors });
  });

  it("forgets the person even when the sign-out request fails", async () => {
    const { session } = gateway(signedIn("t1"), new Error("no network"));
    await session.restore();
    await session.logout().catch(() => undefined);
    expect(session.getState().status).toBe("signed-out");
    expect(await session.token()).toBeNull();
  });
});
