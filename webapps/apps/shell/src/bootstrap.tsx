/** Starts the page: texts, theme, session, then the first render. */
import "@fontsource-variable/inter/wght.css";
import "./styles.css";

import { session } from "@parley/contract";
import { QueryClient, QueryClientProvider } from "@parley/query";
import { BrowserRouter } from "@parley/router";
import { addTexts, followTheme } from "@parley/ui";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { App } from "./app";
import english from "./locales/en.json";

const queries = new QueryClient({
  defaultOptions: { queries: { staleTime: 15_000, retry: 2, refetchOnWindowFocus: true } },
});

addTexts("shell", english);
followTheme();
void session.restore();

/** What one person fetched must not be there for the next one. */
session.subscribe(() => {
  if (session.getState().status === "signed-out") queries.clear();
});

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <BrowserRouter>
        <App />
      </BrowserRouter>
    </QueryClientProvider>
  </StrictMode>,
);
