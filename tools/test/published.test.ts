import { expect, test } from "vitest";
import { checkPublished } from "../check/published.ts";
import { readPackages } from "../check/workspace.ts";
import { repository } from "./repository.ts";

const door = { ".": { types: "./dist/index.d.ts", default: "./dist/index.js" } };
const manifest = { name: "@selkie/fox", version: "1.0.0", type: "module", files: ["dist"], exports: door };
const packed = {
  "package.json": '{ "name": "fixture", "private": true }',
  "pnpm-workspace.yaml": 'packages: ["packages/*"]\nverifyDepsBeforeRun: false\n',
  "packages/fox/package.json": JSON.stringify(manifest),
  "packages/fox/dist/index.js": "export const sound = 1;\n",
  "packages/fox/dist/index.d.ts": "export declare const sound: number;\n",
};

async function problems(files: Readonly<Record<string, string | null>>): Promise<string> {
  using repo = repository({ ...packed, ...files });
  return (await checkPublished(repo.root, readPackages(repo.root))).map(({ problem }) => problem).join("\n");
}

test("a package whose doors and types are in its archive passes", async () => {
  expect(await problems({})).toBe("");
});

test("a package whose door is missing from its archive is refused", async () => {
  expect(await problems({ "packages/fox/dist/index.js": null })).toContain("publint:");
});

test("a package whose types are missing from its archive is refused", async () => {
  const untyped = { ...manifest, exports: { ".": { default: "./dist/index.js" } } };
  const found = await problems({
    "packages/fox/package.json": JSON.stringify(untyped),
    "packages/fox/dist/index.d.ts": null,
  });
  expect(found).toContain("are-the-types-wrong:");
});
