/** The typed REST client: adds the token, refreshes it once when refused, throws problems. */
import createClient from "openapi-fetch";

import { problemFrom, unreachable } from "./problem";
import type { paths } from "./rest";
import { session, type Session } from "./session";

function withToken(request: Request, token: string | null): Request {
  if (token) request.headers.set("Authorization", `Bearer ${token}`);
  return request;
}

/** Sends with a good token; a 401 gets one more try with a fresh one. */
export async function authorizedFetch(
  request: Request,
  tokens: Pick<Session, "token" | "refresh"> = session,
  send: (request: Request) => Promise<Response> = fetch,
): Promise<Response> {
  const again = request.clone();
  let response: Response;
  try {
    response = await send(withToken(request, await tokens.token()));
    if (response.status === 401) {
      const token = await tokens.refresh();
      if (token) response = await send(withToken(again, token));
    }
  } catch {
    throw unreachable();
  }
  if (!response.ok) throw await problemFrom(response);
  return response;
}

export const api = createClient<paths>({
  baseUrl: window.location.origin,
  headers: { "X-Parley-CSRF": "1" },
  fetch: (request) => authorizedFetch(request),
});

/** The body of an answer; failures were already thrown as ProblemError. */
export async function body<T>(answer: Promise<{ data?: T }>): Promise<T> {
  const { data } = await answer;
  if (data === undefined) throw unreachable();
  return data;
}
