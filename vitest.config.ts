import { existsSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { playwright } from "@vitest/browser-playwright";
import { defaultClientConditions, defaultServerConditions } from "vite";
import { defineConfig } from "vitest/config";
import { sharedFile } from "./tools/shared.ts";

const chromium = [
  process.env["SELKIE_CHROMIUM"],
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
].find((path): path is string => path !== undefined && existsSync(path));
if (chromium === undefined) {
  if (process.env["CI"] === "true") throw new Error("CI needs a Chromium for the browser suites, and none was found");
  console.warn("NOT RUN: the browser suites (no Chromium found; set SELKIE_CHROMIUM)");
}
console.log(`Node ${process.version}`);

export default defineConfig({
  test: {
    // By default one core is left free: of two, half of the time.
    maxWorkers: availableParallelism(),
    projects: [
      {
        resolve: { conditions: ["@selkie/source", ...defaultServerConditions] },
        ssr: { resolve: { conditions: ["@selkie/source", ...defaultServerConditions] } },
        test: {
          name: "node",
          include: [
            "packages/*/test/**/*.test.ts",
            "apps/*/test/**/*.test.ts",
            "bench/test/**/*.test.ts",
            "tools/test/**/*.test.ts",
          ],
          exclude: ["**/*.browser.test.ts", "**/node_modules/**"],
          // Files that follow one another share their modules: loading them again for each took nearly half of all CPU time.
          isolate: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      ...(chromium === undefined
        ? []
        : [
            {
              resolve: { conditions: ["@selkie/source", ...defaultClientConditions] },
              test: {
                name: "browser",
                include: ["packages/*/test/**/*.browser.test.ts"],
                testTimeout: 120_000,
                browser: {
                  enabled: true,
                  headless: true,
                  commands: {
                    /** The text of a file of the shared folder, or null: what tools/shared.ts is to suites in Node. */
                    readShared(_context: unknown, path: string): string | null {
                      const file = sharedFile(path);
                      return file === null ? null : readFileSync(file, "utf8");
                    },
                  },
                  screenshotFailures: false,
                  provider: playwright({
                    launchOptions: {
                      executablePath: chromium,
                      args: [
                        "--no-sandbox",
                        "--disable-gpu",
                        "--disable-quic",
                        "--no-first-run",
                        "--disable-background-networking",
                        "--disable-component-update",
                        "--disable-sync",
                      ],
                    },
                  }),
                  instances: [{ browser: "chromium" as const }],
                },
              },
            },
          ]),
    ],
  },
});
