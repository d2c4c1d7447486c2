// The Automerge side of core in a browser: the same functions, with WebAssembly fetched by its address.
import * as Automerge from "@automerge/automerge/slim";
import { portableVerifier, toHex } from "@selkie/entry";
import { beforeAll, expect, test } from "vitest";
import { parseChange, type Sha256 } from "../../src/automerge/change-chunk.ts";
import { decodeChanges, encodeChanges } from "../../src/automerge/change-codec.ts";
import { applyTo, dataOf, editDocument, loadDocument } from "../../src/automerge/document.ts";
import { DocumentHistory } from "../../src/automerge/document-history.ts";
import { writeFirstChange } from "../../src/automerge/first-change.ts";
import { gate } from "../../src/automerge/gate.ts";
import { readFirstChange } from "../../src/automerge/read-first-change.ts";
import { inOwnEntry } from "./in-own-entry.ts";

const sha256: Sha256 = (...chunks) => portableVerifier.sha256(...chunks);
const [alice, bob] = [new Uint8Array(16).fill(0xaa), new Uint8Array(16).fill(0xbb)];

beforeAll(async () => {
  await Automerge.initializeWasm(new URL("@automerge/automerge/automerge.wasm", import.meta.url).href);
});

test("a document is created, edited, judged, packed and read in the browser", () => {
  const first = parseChange(
    writeFirstChange(alice, { title: "héllo", list: [1, { deep: true }], at: new Date(5) }, sha256),
    sha256,
  );
  expect(readFirstChange(first)).toEqual({ title: "héllo", list: [1, { deep: true }], at: new Date(5) });
  const writer = loadDocument([first.bytes], bob);
  const { change } = editDocument(writer, { actor: bob, sha256 }, (data) => Object.assign(data, { n: 1 }));
  const second = parseChange(change ?? alice, sha256);
  const history = new DocumentHistory();
  expect(gate(first, { history, actor: alice })).toEqual({ type: "pass" });
  expect(gate(second, { history, actor: bob })).toEqual({ type: "pass" });
  expect(decodeChanges(encodeChanges([second]), inOwnEntry(bob, sha256)).map(({ bytes }) => toHex(bytes))).toEqual([
    toHex(second.bytes),
  ]);
  const reader = loadDocument([first.bytes]);
  expect(applyTo(reader, [second.bytes]).refused).toEqual([]);
  expect(dataOf(reader)).toEqual({ title: "héllo", list: [1, { deep: true }], at: new Date(5), n: 1 });
  expect(() =>
    editDocument(reader, { actor: alice, sha256 }, (data) => Object.assign(data, { n: Number.NaN })),
  ).toThrow("cannot be stored");
});
