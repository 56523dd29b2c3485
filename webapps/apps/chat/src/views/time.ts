/** Times as people say them; `now` is passed in so that tests can choose it. */

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const date = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const longDate = new Intl.DateTimeFormat(undefined, {
  weekday: "long",
  day: "numeric",
  month: "long",
});

export type Day = "today" | "yesterday" | "earlier";

function midnight(moment: Date): number {
  return new Date(moment.getFullYear(), moment.getMonth(), moment.getDate()).getTime();
}

export function dayOf(iso: string, now = new Date()): Day {
  const days = Math.round((midnight(now) - midnight(new Date(iso))) / 86_400_000);
  if (days <= 0) return "today";
  return days === 1 ? "yesterday" : "earlier";
}

export const clockTime = (iso: string): string => clock.format(new Date(iso));
export const dayName = (iso: string): string => longDate.format(new Date(iso));

/** The hour for today, the date for anything older. */
export function shortTime(iso: string, now = new Date()): string {
  return dayOf(iso, now) === "today" ? clockTime(iso) : date.format(new Date(iso));
}

export function sameDay(one: string, other: string): boolean {
  return midnight(new Date(one)) === midnight(new Date(other));
}
