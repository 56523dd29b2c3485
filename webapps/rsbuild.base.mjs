/** One build set-up for all apps: the shell is the host, every other app a remote under /mf/. */
import { pluginModuleFederation } from "@module-federation/rsbuild-plugin";
import { defineConfig } from "@rsbuild/core";
import { pluginReact } from "@rsbuild/plugin-react";

const OWN = { singleton: true, version: "0.1.0", requiredVersion: "^0.1.0" };

/**
 * What exists once in the page. antd and the shared UI stay out on purpose: sharing turns tree
 * shaking off, and a shared UI with an unshared antd would read the wrong theme context.
 */
const SHARED = {
  react: { singleton: true },
  "react-dom": { singleton: true },
  i18next: { singleton: true },
  "react-i18next": { singleton: true },
  "@parley/contract": OWN,
  "@parley/router": OWN,
  "@parley/query": OWN,
};

export function appConfig({ name, host = false, html = {}, copy = [] }) {
  return defineConfig({
    source: { entry: { index: "./src/main.tsx" } },
    html: { title: "Parley", ...html },
    output: {
      assetPrefix: host ? "/" : `/mf/${name}/`,
      distPath: { root: host ? "../../dist" : `../../dist/mf/${name}` },
      cleanDistPath: false,
      copy,
      legalComments: "none",
      sourceMap: false,
    },
    performance: { printFileSize: { total: true, detail: false } },
    plugins: [
      pluginReact(),
      pluginModuleFederation({
        name,
        filename: "remoteEntry.js",
        dts: false,
        remotes: {},
        exposes: host ? undefined : { "./App": "./src/app.tsx" },
        shared: SHARED,
      }),
    ],
  });
}
