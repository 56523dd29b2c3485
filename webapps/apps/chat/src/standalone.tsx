/** The remote as a page of its own; whoever is signed in on this origin stays so. */
import { session } from "@parley/contract";
import { QueryClient, QueryClientProvider } from "@parley/query";
import { BrowserRouter } from "@parley/router";
import { followTheme } from "@parley/ui";
import { createRoot } from "react-dom/client";

import App from "./app";

followTheme();
void session.restore();
const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <QueryClientProvider client={new QueryClient()}>
      <BrowserRouter basename="/mf/chat">
        <App basename="" />
      </BrowserRouter>
    </QueryClientProvider>,
  );
}
