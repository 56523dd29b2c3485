/** Keeps a scroll box at its end while the reader is there, and leaves it alone otherwise. */
import { useEffect, useLayoutEffect, useRef, useState } from "react";

interface Watched {
  /** The oldest item: when it changes, items came in above. */
  first: string | undefined;
  count: number;
  /** The newest item of one's own: sending always leads back to the end. */
  own: string | undefined;
}

/** Closer to the end than this counts as being there. */
const NEAR_PX = 80;

export function useStickToBottom({ first, count, own }: Watched) {
  const box = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const stuck = useRef(true);
  const before = useRef({ first, count, own, height: 0 });
  const [away, setAway] = useState(false);
  const [unseen, setUnseen] = useState(0);

  const toEnd = () => {
    const element = box.current;
    if (element) element.scrollTop = element.scrollHeight;
  };

  useEffect(() => {
    const observer = new ResizeObserver(() => stuck.current && toEnd());
    for (const element of [box.current, content.current]) if (element) observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const was = before.current;
    const prepended = was.first !== undefined && was.first !== first;
    if (own !== was.own && was.own !== undefined) stuck.current = true;
    if (stuck.current) toEnd();
    else if (prepended) element.scrollTop += element.scrollHeight - was.height;
    else if (count > was.count) setUnseen((number) => number + count - was.count);
    before.current = { first, count, own, height: element.scrollHeight };
  }, [first, count, own]);

  const onScroll = () => {
    const element = box.current;
    if (!element) return;
    const gap = element.scrollHeight - element.scrollTop - element.clientHeight;
    stuck.current = gap < NEAR_PX;
    before.current.height = element.scrollHeight;
    setAway(!stuck.current);
    if (stuck.current) setUnseen(0);
  };
  const jump = () => {
    box.current?.scrollTo({ top: box.current.scrollHeight, behavior: "smooth" });
  };
  return { box, content, away, unseen, onScroll, jump };
}
