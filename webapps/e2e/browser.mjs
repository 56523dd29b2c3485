/** Finds a Chromium and opens pages in it: PARLEY_CHROMIUM, one on the PATH, else the npm one. */
import { execFileSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

import chromiumPackage from "@sparticuz/chromium";
import { chromium } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];
/** Older ones than this miss what the pages use; the packaged one is always new enough. */
const OLDEST = 140;

const QUIET = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function isNewEnough(file) {
  try {
    const said = execFileSync(file, ["--version"], { encoding: "utf8" });
    return Number(/(\d+)\./.exec(said)?.[1] ?? 0) >= OLDEST;
  } catch {
    return false;
  }
}

function installed() {
  const folders = (process.env.PATH ?? "").split(delimiter);
  return folders
    .flatMap((folder) => NAMES.map((name) => join(folder, name)))
    .find((file) => isExecutable(file) && isNewEnough(file));
}

export async function launch() {
  const present = process.env.PARLEY_CHROMIUM ?? installed();
  if (present) return chromium.launch({ executablePath: present, args: QUIET });
  return chromium.launch({
    executablePath: await chromiumPackage.executablePath(),
    args: [...chromiumPackage.args, ...QUIET],
  });
}
