// Prints what a loaded document of each shape takes, in bytes of the heap and of WebAssembly: `pnpm --filter @selkie/core weights`.
import "@automerge/automerge";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import * as automerge from "../../src/automerge/document.ts";
import { dataOf, type LiveDocument, loadDocument } from "../../src/automerge/document.ts";
import { DocumentWeight } from "../../src/document/document-weight.ts";
import { actor, changesOf, shapes } from "./weighed-documents.ts";

/** Bytes of all that are loaded of one shape: WebAssembly takes its memory by the megabyte. */
const BYTES = 40_000_000;

const [name] = process.argv.slice(2);
const shape = shapes[name ?? ""];
if (shape !== undefined) console.log(await measure(changesOf(shape)));
// A process for each: what was freed in one is taken again.
else
  for (const each of name === undefined ? Object.keys(shapes) : [])
    process.stdout.write(
      `${each}: ${spawnSync(process.execPath, [...process.execArgv, fileURLToPath(import.meta.url), each]).stdout}`,
    );

async function measure(changes: readonly Uint8Array[]): Promise<string> {
  const held: LiveDocument[] = [];
  const load = (): LiveDocument => {
    const live = loadDocument(changes, actor);
    dataOf(live);
    held.push(live);
    return live;
  };
  const weight = new DocumentWeight();
  weight.count(automerge, load(), changes);
  const count = Math.ceil(BYTES / weight.bytes);
  for (let at = 0; at < count / 4; at++) load();
  const before = await used();
  for (let at = 0; at < count; at++) load();
  const taken = Math.round(((await used()) - before) / count);
  return `${taken} (${Math.round(weight.bytes)} are counted, ${(weight.bytes / taken).toFixed(2)})`;
}

async function used(): Promise<number> {
  for (let round = 0; round < 3; round++) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
