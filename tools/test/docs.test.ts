import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { checkErrorCodes } from "../check/error-codes.ts";
import { checkExamples } from "../check/examples.ts";
import type { Finding } from "../check/finding.ts";
import { checkLinks } from "../check/links.ts";
import { checkReadme } from "../check/readme.ts";
import { checkThreatModel, linkThreatModel } from "../check/threat-model.ts";
import { readPackages } from "../check/workspace.ts";
import { repository, spoiled, spoiledReadme } from "./repository.ts";

type Files = Readonly<Record<string, string | null>>;

/** The problems that one check finds in the right repository with `files` replaced. */
async function problems(check: (root: string) => readonly Finding[] | Promise<readonly Finding[]>, files: Files = {}) {
  using repo = repository(files);
  return (await check(repo.root)).map(({ file, problem }) => `${file}: ${problem}`);
}

const readmes = (root: string) => readPackages(root).flatMap((pkg) => checkReadme(root, pkg));
const codes = (root: string) => checkErrorCodes(root, readPackages(root));
const examples = (root: string) => checkExamples(root, readPackages(root));

describe("a README", () => {
  test("with one sentence, a short example, limits and reasons passes", async () => {
    expect(await problems(readmes)).toEqual([]);
  });

  test.each<[string, Files, string]>([
    ["is missing", { "packages/fox/README.md": null }, "is missing"],
    ["opens with two sentences", spoiledReadme("A fox that speaks.", "A fox. It speaks."), "not one sentence"],
    ["opens without a full stop", spoiledReadme("A fox that speaks.", "A fox that speaks"), "not one sentence"],
    ["opens with a list", spoiledReadme("A fox that speaks.", "- A fox."), "no sentence after its title"],
    ["lacks its limits", spoiledReadme("## Limits", "## Limbs"), "no section `## Limits`"],
    [
      "has empty limits",
      spoiledReadme("It does not listen; see [the errors](../../docs/errors.md#selkiefox).", ""),
      "is empty",
    ],
    ["has no example", spoiledReadme("```ts", "```text"), "has no example"],
    ["has a long example", spoiledReadme("console.log", `${"//\n".repeat(18)}console.log`), "has 21 lines"],
    ["does not explain a dependency", spoiledReadme("- `left-pad`", "- `right-pad`"), 'no line "- `left-pad`: why"'],
    ["explains what is not a dependency", spoiledReadme("- `left-pad`", "- `right-pad`"), "names right-pad"],
    ["gives no reason", spoiledReadme(": pads what the fox says.", ""), "gives no reason for left-pad"],
  ])("that %s is refused", async (_, files, expected) => {
    expect((await problems(readmes, files)).join("\n")).toContain(expected);
  });

  test("of the simulation needs no example", async () => {
    const files = {
      "packages/sim/package.json": '{ "name": "@selkie/sim", "private": true }',
      "packages/sim/README.md": "# @selkie/sim\n\nA world with a seed.\n\n## Limits\n\nNo real disk.\n",
    };
    expect(await problems(readmes, files)).toEqual([]);
  });
});

describe("a link", () => {
  test("that leads to a file or a heading passes", async () => {
    expect(await problems(checkLinks)).toEqual([]);
  });

  test.each<[string, string, string]>([
    ["to a missing file", "[x](../../docs/gone.md)", "leads nowhere"],
    ["to a missing heading", "[x](../../docs/errors.md#gone)", "no such heading"],
    ["to a missing heading of its own page", "[x](#gone)", "no such heading"],
    ["out of the repository", "[x](../../../secret.md)", "leaves the repository"],
    ["from the root of the machine", "[x](/etc/passwd)", "is not relative"],
  ])("%s is refused", async (_, link, expected) => {
    expect((await problems(checkLinks, spoiledReadme("It does not listen", link))).join("\n")).toContain(expected);
  });

  test("inside a code block is text", async () => {
    expect(await problems(checkLinks, spoiledReadme("console.log", "// [x](gone.md)\nconsole.log"))).toEqual([]);
  });
});

describe("the page of errors", () => {
  test("that lists exactly the codes of the sources passes", async () => {
    expect(await problems(codes)).toEqual([]);
  });

  test.each<[string, Files, string]>([
    [
      "lacks a code of the sources",
      spoiled("packages/fox/src/index.ts", '"LOUD"', '"LOUD" | "TIRED"'),
      "can answer TIRED",
    ],
    ["lists a code of no source", spoiled("packages/fox/src/index.ts", ' | "LOUD"', ""), "has no code LOUD"],
    ["has no section of a package", spoiled("docs/errors.md", "## @selkie/fox", "## @selkie/dog"), "can answer MUTE"],
    [
      "does not say what to do",
      spoiled("docs/errors.md", "| it has no voice | wait |", "| it has no voice |"),
      "MUTE needs",
    ],
    ["is missing", { "docs/errors.md": null }, "is missing"],
    [
      "cannot know the codes of an error class",
      spoiled("packages/fox/src/index.ts", "readonly code: FoxErrorCode", "readonly code: string"),
      "not a union of string literals",
    ],
  ])("that %s is refused", async (_, files, expected) => {
    expect((await problems(codes, files)).join("\n")).toContain(expected);
  });
});

describe("the threat model", () => {
  test("whose links are those of its tests passes", async () => {
    expect(await problems(checkThreatModel)).toEqual([]);
  });

  const page = "docs/threat-model.md";
  const tests = "packages/fox/test/speak.test.ts";
  test.each<[string, Files, string]>([
    ["links a title that no test has", spoiled(page, "flipped bit](", "bit]("), "are not those of its tests"],
    [
      "links a test that was renamed",
      spoiled(tests, "B1 a fox refuses", "B1 a fox rejects"),
      "are not those of its tests",
    ],
    ["holds a row without a test", spoiled(tests, '"B1 a fox', '"a fox'), "no test's title begins with B1"],
    [
      "still calls a tested row open",
      spoiled(tests, '"B1 a fox', '"B1 C1 a fox'),
      'row C1 is "not yet", but it has tests',
    ],
    ["lacks a row that a test claims", spoiled(tests, '"B1 a fox', '"B1 D9 a fox'), "claims row D9"],
    ["is missing", { [page]: null }, "is missing"],
  ])("that %s is refused", async (_, files, expected) => {
    expect((await problems(checkThreatModel, files)).join("\n")).toContain(expected);
  });

  test("gets its links from the titles", () => {
    using repo = repository(spoiled(tests, "B1 a fox refuses", "B1 a fox rejects"));
    linkThreatModel(repo.root);
    expect(checkThreatModel(repo.root)).toEqual([]);
    expect(readFileSync(join(repo.root, page), "utf8")).toContain("[B1 a fox rejects every flipped bit]");
  });
});

describe("an example", () => {
  test("that compiles and ends well passes", async () => {
    expect(await problems(examples)).toEqual([]);
  });

  test("that does not compile is refused, with its line", async () => {
    const found = await problems(examples, spoiledReadme('speak("ring")', "speak(7)"));
    expect(found.join("\n")).toContain("packages/fox/README.md:8: the example does not compile");
  });

  test("that throws is refused", async () => {
    const found = await problems(examples, spoiled("docs/guides/hunting.md", '"a ding"', '"a dong"'));
    expect(found.join("\n")).toMatch(/hunting\.md:3: the example exited with 1[\s\S]*wrong sound/);
  });

  test("that reaches past a door of its package is refused", async () => {
    const found = await problems(examples, spoiledReadme('"@selkie/fox"', '"@selkie/fox/src/index.ts"'));
    expect(found.join("\n")).toContain("does not compile");
    expect(found.join("\n")).toContain("ERR_PACKAGE_PATH_NOT_EXPORTED");
  });

  const dialling = (main: string): Files => ({
    "docs/guides/hunting.md":
      '```ts\nconst url = "ws://127.0.0.1:4000";\nif (url !== "ws://127.0.0.1:" + 4567) throw new Error(url);\n```\n',
    "apps/relay/package.json": '{ "name": "@selkie/relay" }',
    "apps/relay/src/main.ts": main,
  });

  test("that dials the default address gets a relay of its own, which is stopped afterwards", async () => {
    const main = `console.log(JSON.stringify({ event: "listening", url: "ws://127.0.0.1:4567" }));
      process.on("SIGTERM", () => process.exit());
      setInterval(() => undefined, 1000);`;
    expect(await problems(examples, dialling(main))).toEqual([]);
  });

  test("whose relay does not start is refused with what the relay said", async () => {
    const found = await problems(examples, dialling('console.error("port in use"); process.exit(1);'));
    expect(found.join("\n")).toContain("did not start: port in use");
  });

  test("of an app may be commands, and they must succeed", async () => {
    const app = (command: string): Files => ({
      "apps/den/package.json": '{ "name": "@selkie/den" }',
      "apps/den/README.md": `# den\n\nA den.\n\n\`\`\`sh\n${command}\n\`\`\`\n\n## Limits\n\nDark.\n`,
    });
    expect(await problems(examples, app("test -f docs/errors.md"))).toEqual([]);
    expect((await problems(examples, app("test -f gone"))).join("\n")).toContain("exited with 1");
  });
});
