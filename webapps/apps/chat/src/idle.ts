/** Notices when nobody uses this page any more, and when somebody does again. */

/** So long without a sign of life: the person has left. */
export const IDLE_AFTER_MS = 5 * 60_000;

const SIGNS = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart", "focus"] as const;

/** Tells of each change; returns what ends it. */
export function watchIdle(tell: (idle: boolean) => void): () => void {
  let idle = false;
  let timer: ReturnType<typeof setTimeout>;
  const say = (now: boolean) => {
    if (now === idle) return;
    idle = now;
    tell(idle);
  };
  const rest = () => {
    clearTimeout(timer);
    timer = setTimeout(() => say(true), IDLE_AFTER_MS);
  };
  const sign = () => {
    rest();
    say(false);
  };
  const seen = () => document.visibilityState === "visible" && sign();
  for (const each of SIGNS) window.addEventListener(each, sign, { passive: true });
  document.addEventListener("visibilitychange", seen);
  rest();
  return () => {
    clearTimeout(timer);
    for (const each of SIGNS) window.removeEventListener(each, sign);
    document.removeEventListener("visibilitychange", seen);
  };
}
