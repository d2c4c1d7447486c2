// Documents of each shape that takes memory in its own way, and what one of them takes: measured by measure-weights.ts, and written here.
import { fromHex } from "@selkie/entry";
import { editDocument, endEdit, freeDocument, loadDocument } from "../../src/automerge/document.ts";
import { writeFirstChange } from "../../src/automerge/first-change.ts";
import { alice } from "../automerge/hand-made-change.ts";
import { sha256 } from "../automerge/sha256.ts";

export interface Shape {
  readonly data: object;
  /** How often it is edited, and how. */
  readonly edits?: number;
  readonly edit?: (data: Record<string, unknown>, at: number) => void;
  /** Bytes of the heap and of WebAssembly that one takes when it is loaded, with Node 24 and Automerge 3.5. */
  readonly measured: number;
}

const many = <T>(count: number, make: (at: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at));
const named = (count: number, make: (at: number) => unknown): object =>
  Object.fromEntries(many(count, (at) => [`name ${at}`, make(at)]));

export const shapes: Readonly<Record<string, Shape>> = {
  "hardly anything": { data: { a: 1 }, measured: 12_400 },
  "a record": {
    data: { name: "Hans Müller", street: "Main Street 5", revenue: 12_345.5, active: true, tags: ["a", "b"] },
    measured: 13_000,
  },
  "a long text": { data: { text: "a text, ".repeat(11_000) }, measured: 218_400 },
  "a long text beyond Latin": { data: { text: "текст, и ".repeat(5_000) }, measured: 264_700 },
  "texts by their names": { data: named(3_000, (at) => `text ${at}`), measured: 558_100 },
  "numbers by their names": { data: named(5_000, (at) => at), measured: 302_700 },
  "a list of numbers": { data: { list: many(20_000, (at) => at) }, measured: 276_000 },
  "a list of fractions": { data: { list: many(20_000, (at) => at + 0.5) }, measured: 713_200 },
  "a list of records": { data: { list: many(3_000, (at) => ({ id: at, done: false, value: at })) }, measured: 736_300 },
  "a list of empty lists": { data: { list: many(10_000, () => []) }, measured: 2_183_200 },
  "a list of empty maps": { data: { list: many(10_000, () => ({})) }, measured: 1_579_700 },
  "a list of empty texts": { data: { list: many(10_000, () => "") }, measured: 379_400 },
  "a list of short texts": { data: { list: many(10_000, (at) => `t${at}`) }, measured: 970_800 },
  "maps by their names": { data: named(5_000, (at) => ({ value: at })), measured: 1_101_500 },
  dates: { data: { list: many(10_000, (at) => new Date(at)) }, measured: 1_079_000 },
  bytes: { data: { bytes: new Uint8Array(200_000) }, measured: 414_100 },
  "many bytes": { data: { list: many(5_000, () => new Uint8Array(8)) }, measured: 1_244_000 },
  "a grid": { data: { list: many(100, () => many(100, (at) => at)) }, measured: 175_100 },
  "lists that were deleted": {
    data: { list: many(10_000, () => []) },
    edits: 1,
    edit: (data) => {
      data["list"] = [];
    },
    measured: 316_300,
  },
  "a number that was set often": {
    data: { count: 0 },
    edits: 500,
    edit: (data, at) => {
      data["count"] = at + 1;
    },
    measured: 156_100,
  },
  "maps that were added later": {
    data: { list: [] },
    edits: 10,
    edit: (data) => {
      (data["list"] as unknown[]).push(...many(1_000, () => ({})));
    },
    measured: 1_551_800,
  },
};

export const actor: Uint8Array = fromHex(alice);

/** The changes of a document of this shape. */
export function changesOf({ data, edits = 0, edit = () => undefined }: Shape): readonly Uint8Array[] {
  const changes = [writeFirstChange(actor, data, sha256)];
  const live = loadDocument(changes, actor);
  for (let at = 0; at < edits; at++) {
    const { change } = editDocument(live, { actor, sha256 }, (draft) => edit(draft as Record<string, unknown>, at));
    endEdit(live);
    if (change !== null) changes.push(change);
  }
  freeDocument(live);
  return changes;
}
