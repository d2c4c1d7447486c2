// Writes docs/spec/vectors/attachments: `pnpm --filter @selkie/attachments vectors`.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeVectors } from "./make.ts";

const folder = join(import.meta.dirname, "../../../../docs/spec/vectors/attachments");
mkdirSync(folder, { recursive: true });
for (const [name, file] of Object.entries(await makeVectors()))
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(file, null, 2)}\n`);
