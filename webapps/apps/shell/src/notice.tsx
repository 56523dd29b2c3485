/** A calm full-page card for what went wrong and what to do about it. */
import { CloudOff } from "lucide-react";
import type { ReactNode } from "react";

interface NoticeProps {
  title: string;
  body: string;
  urgent?: boolean;
  children: ReactNode;
}

export function Notice({ title, body, urgent = false, children }: NoticeProps) {
  return (
    <div className="grid h-full place-items-center p-6">
      <section
        role={urgent ? "alert" : undefined}
        className="w-full max-w-md rounded-2xl border border-border bg-surface p-8 text-center shadow-card"
      >
        <span className="mx-auto mb-4 grid size-12 place-items-center rounded-full bg-sunken text-muted">
          <CloudOff aria-hidden size={22} />
        </span>
        <h1 className="text-lg font-semibold">{title}</h1>
        <p className="mt-2 mb-6 text-sm leading-6 text-muted">{body}</p>
        <div className="flex justify-center gap-3">{children}</div>
      </section>
    </div>
  );
}
