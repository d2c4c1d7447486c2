import { expect, test } from "vitest";
import { checkSourceRules } from "../check/source-rules.ts";
import { repository } from "./repository.ts";

function problems(files: Readonly<Record<string, string>>): string {
  using repo = repository(files);
  return checkSourceRules(repo.root)
    .map(({ file, problem }) => `${file}: ${problem}`)
    .join("\n");
}

test("a repository that keeps the rules passes", () => {
  expect(problems({ "packages/fox/src/long.ts": "//\n".repeat(500) })).toBe("");
});

test("a source file of more than 500 lines is refused", () => {
  expect(problems({ "packages/fox/src/long.ts": "//\n".repeat(501) })).toContain("long.ts: has 501 lines");
});

test("a plain Error in a library is refused, in a test it is not", () => {
  const text = 'throw new Error("no code");\n';
  expect(problems({ "packages/fox/src/a.ts": text, "packages/fox/test/b.ts": text })).toBe(
    "packages/fox/src/a.ts:1: throws a plain Error: use the package's error class and a code",
  );
});

test("a comment that names a test which is not there is refused, one that names a test is not", () => {
  const text = '// SECURITY: B1. Test: howl.test.ts "B1 ..."\n';
  expect(problems({ "packages/fox/src/a.ts": text, "packages/fox/test/howl.test.ts": "" })).toBe("");
  expect(problems({ "packages/fox/src/a.ts": text })).toBe(
    "packages/fox/src/a.ts:1: names howl.test.ts, which is not there",
  );
});

test("a branded type is minted in the file that declares it, and nowhere else but in a contract", () => {
  const mint = "const id = bytes as FoxId;\n";
  const files = {
    "packages/fox/src/fox-id.ts": `export type FoxId = Brand<Uint8Array, "FoxId">;\n${mint}`,
    "packages/fox/src/contract/fox.ts": mint,
    "packages/fox/test/fox.test.ts": mint,
  };
  expect(problems(files)).toBe("");
  expect(problems({ ...files, "apps/den/src/den.ts": mint })).toBe(
    "apps/den/src/den.ts:1: mints a FoxId: only its own file may",
  );
});

// The texts are put together here so that the rule does not find them in this file.
test.each([
  ["a folder of one machine", `read ${["", "work", "shared", "x"].join("/")}`],
  ["a home folder", `read ${["", "home", "alice", "x"].join("/")}`],
  ["the host of a registry", `from ${"https:/"}/registry.example.org/x`],
  ["a tarball address in a lockfile", `    ${"tarball"}: x.tgz`],
])("%s is refused in any file", (_, text) => {
  expect(problems({ "docs/notes.md": `\n${text}\n` })).toMatch(/^docs\/notes\.md:2: names /);
});
