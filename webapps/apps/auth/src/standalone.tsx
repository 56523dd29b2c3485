/** The remote as a page of its own. */
import { BrowserRouter } from "@parley/router";
import { followTheme } from "@parley/ui";
import { createRoot } from "react-dom/client";

import App from "./app";

followTheme();
const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <BrowserRouter basename="/mf/auth">
      <App basename="" />
    </BrowserRouter>,
  );
}
