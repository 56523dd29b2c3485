/** The assistant's face: the product's mark. */
export function AssistantMark({ size = 32 }: { size?: number }) {
  return (
    <svg className="chat-mark" aria-hidden viewBox="0 0 32 32" width={size} height={size}>
      <rect width="32" height="32" rx="10" />
      <path
        transform="translate(0 1.5)"
        d="M8 12.5A4.5 4.5 0 0 1 12.5 8h7a4.5 4.5 0 0 1 0 9h-5L10 21v-4.6a4.5 4.5 0 0 1-2-3.9Z"
      />
    </svg>
  );
}
