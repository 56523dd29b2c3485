import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

import { appConfig } from "../../rsbuild.base.mjs";

/** Files the page names itself carry their content's hash, because /static/ is cached for a year. */
function hashed(file) {
  const digest = createHash("sha256").update(readFileSync(new URL(file, import.meta.url)));
  const name = file
    .split("/")
    .at(-1)
    .replace(/\.(\w+)$/, `.${digest.digest("hex").slice(0, 10)}.$1`);
  return { copy: { from: file, to: `static/${name}` }, url: `/static/${name}` };
}

const themeScript = hashed("./assets/theme.js");
const icon = hashed("./assets/icon.svg");

export default appConfig({
  name: "shell",
  host: true,
  copy: [themeScript.copy, icon.copy],
  html: {
    template: "./assets/index.html",
    tags: [
      {
        tag: "script",
        attrs: { src: themeScript.url },
        head: true,
        append: false,
        publicPath: false,
      },
      {
        tag: "link",
        attrs: { rel: "icon", type: "image/svg+xml", href: icon.url },
        publicPath: false,
      },
    ],
  },
});
