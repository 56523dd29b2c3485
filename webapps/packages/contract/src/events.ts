/** The few things apps tell each other on `window`; nothing else crosses between them. */

export interface ParleyEvents {
  /** The theme's mode changed, here or in another tab. */
  "parley:theme": { mode: "light" | "dark" | "system" };
}

export function announce<Name extends keyof ParleyEvents>(
  name: Name,
  detail: ParleyEvents[Name],
): void {
  window.dispatchEvent(new CustomEvent(name, { detail }));
}

export function listen<Name extends keyof ParleyEvents>(
  name: Name,
  handler: (detail: ParleyEvents[Name]) => void,
): () => void {
  const listener = (event: Event) => handler((event as CustomEvent<ParleyEvents[Name]>).detail);
  window.addEventListener(name, listener);
  return () => window.removeEventListener(name, listener);
}
