/** The list of conversations: what the server listed, brought up to date with what this tab saw. */
import type { Conversation } from "@parley/contract";

import { titleOf } from "./delivery";
import type { Thread } from "./threads";
import { timeKey } from "./timeline";
import type { ById, Whole } from "./wholes";

const lastActivity = (item: Conversation): string =>
  timeKey(item.last_message_at ?? item.started_at);

/** One line of an answer without its markdown, for the list. */
export function previewOf(markdown: string): string {
  return markdown
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/[*_`~]+|^\s*(?:#+|>|[-+]|\d+\.)\s+/gm, "")
    .replace(/\s+/g, " ")
    .trim();
}

/** Without a title of its own a conversation is called by what a person said first in it. */
function titled(item: Conversation, thread: Thread | undefined): Conversation {
  if (item.title) return item;
  const begun = thread?.loaded && thread.older === null && thread.records.length > 0;
  const first = begun
    ? thread.records.find((record) => record.type === "message" && record.text !== null)?.text
    : item.first_message_preview;
  return { ...item, title: first ? titleOf(first) : null };
}

/** As what was heard of it as a whole says; a title that the server gave later stays. */
function changed(item: Conversation, whole: Whole | undefined): Conversation {
  if (!whole) return item;
  const { title } = whole;
  const later = title && (!item.titled_at || timeKey(item.titled_at) < timeKey(title.at));
  return {
    ...item,
    title: later ? title.text : item.title,
    status: whole.ended ? "ended" : item.status,
  };
}

function brought(item: Conversation, thread: Thread | undefined): Conversation {
  const last = thread?.records.at(-1);
  if (!last) return item;
  return { ...item, last_message_at: last.occurred_at, last_message_preview: last.text ?? "" };
}

export function mergeConversations(
  listed: Conversation[],
  started: Conversation[],
  threads: Readonly<Record<string, Thread>>,
  wholes: ById = {},
): Conversation[] {
  const known = new Set(listed.map((item) => item.id));
  return [...listed, ...started.filter((item) => !known.has(item.id))]
    .filter((item) => !wholes[item.id]?.deleted)
    .map((item) => changed(item, wholes[item.id]))
    .map((item) => titled(brought(item, threads[item.id]), threads[item.id]))
    .sort((one, other) => (lastActivity(one) < lastActivity(other) ? 1 : -1));
}
