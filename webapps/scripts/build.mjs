/** Builds every app into dist/, one after the other: Rspack already uses all cores. */
import { spawnSync } from "node:child_process";
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = new URL("../", import.meta.url);
const dist = new URL("dist/", root);
const rsbuild = fileURLToPath(new URL("node_modules/@rsbuild/core/bin/rsbuild.js", root));
const remotes = readdirSync(new URL("apps/", root)).filter((name) => name !== "shell");

rmSync(dist, { recursive: true, force: true });
for (const app of ["shell", ...remotes]) {
  const { status } = spawnSync(process.execPath, [rsbuild, "build"], {
    cwd: fileURLToPath(new URL(`apps/${app}/`, root)),
    stdio: "inherit",
    env: { ...process.env, NODE_ENV: "production" },
  });
  if (status !== 0) {
    console.error(`the build of ${app} failed`);
    process.exit(status ?? 1);
  }
}

/** The gateway answers this list at /api/remotes, so a new remote needs no new shell. */
const list = remotes.map((name) => ({ name, entry: `/mf/${name}/remoteEntry.js`, type: "var" }));
writeFileSync(new URL("remotes.json", dist), `${JSON.stringify(list, null, 2)}\n`);
console.log(`built shell and ${remotes.join(", ")} into dist/`);
