/** The mark: one bubble answering another. */
export function Logo() {
  return (
    <svg aria-hidden viewBox="0 0 32 32" className="size-7">
      <rect width="32" height="32" rx="9" className="fill-accent" />
      <path
        className="fill-on-accent"
        d="M8 12.5A4.5 4.5 0 0 1 12.5 8h7a4.5 4.5 0 0 1 0 9h-5L10 21v-4.6a4.5 4.5 0 0 1-2-3.9Z"
      />
      <path
        className="stroke-on-accent opacity-60"
        d="M16 19.5h4l4 3.5v-4.2a4 4 0 0 0 1.6-3.2"
        fill="none"
        strokeWidth="2"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}
