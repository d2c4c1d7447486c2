import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { environmentName, SETTING_NAMES, settings } from "../src/settings.ts";

const guide = new URL("../../../docs/guides/operating-a-relay.md", import.meta.url);

test("the table of the operator's guide lists every setting, with its variable and its default", () => {
  const rows = SETTING_NAMES.map((name) => {
    const { fallback, about } = settings[name];
    return `| \`${name}\` | \`${environmentName(name)}\` | \`${JSON.stringify(fallback)}\` | ${about} |`;
  });
  const lines = readFileSync(guide, "utf8").split("\n");
  expect(lines.filter((line) => /^\| `\w+` \| `SELKIE_RELAY_/.test(line))).toEqual(rows);
});
