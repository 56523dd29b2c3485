export default function ChatApp({ basename }: { basename: string }) { return <h1>chat {basename}</h1>; }
