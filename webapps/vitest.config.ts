/** Component and unit tests in a simulated browser; browser tests proper are in e2e/. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    environment: "happy-dom",
    environmentOptions: { happyDOM: { url: "http://parley.test/" } },
    include: ["apps/*/test/**/*.test.{ts,tsx}", "packages/*/test/**/*.test.{ts,tsx}"],
    setupFiles: ["./test/setup.ts"],
    restoreMocks: true,
    unstubGlobals: true,
    maxWorkers: 2,
  },
});
