// Writes docs/spec/vectors/{change,directory,part}. From the root of the checkout:
//   node --conditions=@selkie/source packages/core/test/vectors/generate.ts
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { seededCrypto } from "../fixture.ts";
import { makeChangeVectors } from "./make-change.ts";
import { makeDirectoryVectors } from "./make-directory.ts";
import { makePartVectors } from "./make-parts.ts";

const vectors = join(import.meta.dirname, "../../../../docs/spec/vectors");
const made = {
  part: await makePartVectors(seededCrypto("part vectors")),
  change: makeChangeVectors(),
  directory: await makeDirectoryVectors(seededCrypto("directory vectors")),
};
for (const [folder, files] of Object.entries(made)) {
  mkdirSync(join(vectors, folder), { recursive: true });
  for (const [name, file] of Object.entries(files)) {
    writeFileSync(join(vectors, folder, `${name}.json`), `${JSON.stringify(file, null, 2)}\n`);
  }
}
