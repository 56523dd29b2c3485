/** The chat remote: providers around one page that shows a conversation or a new one. */
import "@parley/ui/tokens.css";
import "./styles/layout.css";
import "./styles/messages.css";
import "./styles/changes.css";
import "./styles/markdown.css";
import "./styles/whole.css";
import "./styles/desk.css";

import { Route, Routes } from "@parley/router";
import { addTexts, useUser } from "@parley/ui";
import { AppProviders } from "@parley/ui/antd";

import { ChatProvider } from "./chat-provider";
import english from "./locales/en.json";
import { ChatPage } from "./views/chat-page";

addTexts("chat", english);

export default function ChatApp({ basename }: { basename: string }) {
  const user = useUser();
  if (!user) return null;
  return (
    <AppProviders>
      <ChatProvider key={user.id} userId={user.id}>
        <Routes>
          <Route path=":conversationId?" element={<ChatPage basename={basename} user={user} />} />
        </Routes>
      </ChatProvider>
    </AppProviders>
  );
}
