// A small repository in a temporary folder, right in every respect, of which a test spoils one thing.
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const checkout = join(import.meta.dirname, "../..");

const readme = `# @selkie/fox

A fox that speaks.

\`\`\`ts
import { speak } from "@selkie/fox";

console.log(speak("ring"));
\`\`\`

## Limits

It does not listen; see [the errors](../../docs/errors.md#selkiefox).

## Dependencies

- \`left-pad\`: pads what the fox says.
`;

const right = {
  "packages/fox/package.json": JSON.stringify({
    name: "@selkie/fox",
    type: "module",
    exports: { ".": { "@selkie/source": "./src/index.ts" } },
    dependencies: { "left-pad": "1.0.0" },
  }),
  "packages/fox/README.md": readme,
  "packages/fox/src/index.ts": `export type FoxErrorCode = "MUTE" | "LOUD";
export class FoxError extends Error {
  readonly code: FoxErrorCode;
  constructor(code: FoxErrorCode) {
    super(code);
    this.code = code;
  }
}
export function speak(sound: string): string {
  return \`\${sound} ding\`;
}
`,
  "packages/fox/test/speak.test.ts": `import { test } from "vitest";
test("B1 a fox refuses every flipped bit", () => {});
test(\`B2 P-3 a fox refuses \${1} [transplant]\`, () => {});
`,
  "docs/errors.md": `# Errors

## @selkie/fox

| code | when | what to do |
|---|---|---|
| \`MUTE\` | it has no voice | wait |
| \`LOUD\` | it is too loud | step back |
`,
  "docs/threat-model.md": `# Threat model

| row | property | state | tests |
|---|---|---|---|
| B1 | Flipped bits are refused | held | [B1 a fox refuses every flipped bit](../packages/fox/test/speak.test.ts) |
| B2 | Transplants are refused | held | [B2 P-3 a fox refuses \${1} \\[transplant\\]](../packages/fox/test/speak.test.ts) |
| P-3 | Keys are not adopted | held | [B2 P-3 a fox refuses \${1} \\[transplant\\]](../packages/fox/test/speak.test.ts) |
| C1 | Chunks stay in order | not yet |  |
`,
  "docs/guides/hunting.md": `# Hunting

\`\`\`ts
import { speak } from "@selkie/fox";

if (speak("a") !== "a ding") throw new Error("wrong sound");
\`\`\`
`,
};

/** The folder of such a repository, some files replaced or (null) left out; it is removed when disposed of. */
export function repository(
  files: Readonly<Record<string, string | null>> = {},
): Disposable & { readonly root: string } {
  const root = mkdtempSync(join(tmpdir(), "selkie-repository-"));
  for (const [path, content] of Object.entries({ ...right, ...files })) {
    if (content === null) continue;
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  for (const config of ["tsconfig.base.json", "tsconfig.test.json"]) cpSync(join(checkout, config), join(root, config));
  mkdirSync(join(root, "node_modules"));
  symlinkSync(join(checkout, "node_modules/@types"), join(root, "node_modules/@types"), "dir");
  return { root, [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }) };
}

/** The right repository's README of its package, with one text replaced. */
export function spoiledReadme(from: string, to: string): Readonly<Record<string, string>> {
  return { "packages/fox/README.md": replaced(readme, from, to) };
}

/** A file of the right repository, with one text replaced. */
export function spoiled(path: keyof typeof right, from: string, to: string): Readonly<Record<string, string>> {
  return { [path]: replaced(right[path], from, to) };
}

function replaced(text: string, from: string, to: string): string {
  if (!text.includes(from)) throw new RangeError(`nothing to spoil: ${from}`);
  return text.replace(from, () => to);
}
