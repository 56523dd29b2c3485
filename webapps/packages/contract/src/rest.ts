/** The gateway's REST routes these apps call, in the shape openapi-typescript gives. */
import type { ChatRecord } from "./frames";

export interface User {
  id: string;
  email: string;
  name: string;
  role: string;
}

export interface SignedIn {
  token: string;
  user: User;
  expiresAt: string;
}

export interface Credentials {
  email: string;
  password: string;
}

export interface Registration extends Credentials {
  name: string;
}

export interface SocketTicket {
  ticket: string;
  url: string;
  expiresAt: string;
}

export interface Conversation {
  id: string;
  title: string | null;
  status: string;
  started_at: string;
  last_message_at?: string | null;
  last_message_preview?: string | null;
}

export interface Page<T> {
  items: T[];
  next: string | null;
}

/** An RFC 9457 problem with Parley's extensions. */
export interface Problem {
  type?: string;
  title?: string;
  status?: number;
  code: string;
  detail?: string;
  errors?: { field: string; message: string }[];
}

type Json<T> = { headers: Record<string, unknown>; content: { "application/json": T } };
type Failure = {
  headers: Record<string, unknown>;
  content: { "application/problem+json": Problem };
};
type Operation<Responses, Parameters = object> = {
  parameters: { header?: never; cookie?: never } & Parameters;
  requestBody?: never;
  responses: Responses & { default: Failure };
};
type Listing = { query?: { before?: string; limit?: number }; path?: never };

export interface paths {
  "/api/auth/socket-ticket": { post: Operation<{ 200: Json<SocketTicket> }> };
  "/api/chat/conversations": {
    get: Operation<{ 200: Json<Page<Conversation>> }, Listing>;
  };
  "/api/chat/conversations/{conversation_id}/messages": {
    get: Operation<
      { 200: Json<Page<ChatRecord>> },
      { query?: Listing["query"]; path: { conversation_id: string } }
    >;
  };
}
