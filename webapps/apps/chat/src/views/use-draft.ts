/** A text that survives a reload, kept per conversation. */
import { useEffect, useRef, useState } from "react";

function read(key: string): string {
  try {
    return localStorage.getItem(key) ?? "";
  } catch {
    return "";
  }
}

function write(key: string, text: string): void {
  try {
    if (text) localStorage.setItem(key, text);
    else localStorage.removeItem(key);
  } catch {
    // Without storage the draft lives as long as the page.
  }
}

/** When the key changes while mounted, the draft moves along: a new conversation got its id. */
export function useDraft(key: string): [string, (text: string) => void] {
  const [text, setText] = useState(() => read(key));
  const keptUnder = useRef(key);
  useEffect(() => {
    if (keptUnder.current !== key) write(keptUnder.current, "");
    keptUnder.current = key;
    write(key, text);
  }, [key, text]);
  return [text, setText];
}
