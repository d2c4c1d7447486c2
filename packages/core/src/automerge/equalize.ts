// Edits a document into another state of it, by few edits: what is alike is not written again, so that what others do there stays.
import { equalBytes } from "@selkie/entry";
import type { Path, TextDraft, TextMark } from "./draft-text.ts";
import type { MarkedData } from "./past-document.ts";
import { isMap, plainCopy, textsIn } from "./plain-data.ts";
import { isCounter, isFixedText } from "./values.ts";

/** A document that is being edited. */
export interface EditedDocument {
  readonly data: object;
  text(path: Path): TextDraft;
}

type Key = string | number;

/** Makes the data, and the marks of its texts, what they are in another state. */
export function equalize({ data, text }: EditedDocument, wanted: MarkedData): void {
  const edit = new Equalizer(text);
  edit.map(data, wanted.data, []);
  for (const path of textsIn(wanted.data, [])) remark(text(path), wanted.marks.get(JSON.stringify(path)) ?? []);
}

class Equalizer {
  readonly #text: EditedDocument["text"];

  constructor(text: EditedDocument["text"]) {
    this.#text = text;
  }

  map(node: object, wanted: object, path: Path): void {
    for (const key of Object.keys(node)) if (!Object.hasOwn(wanted, key)) Reflect.deleteProperty(node, key);
    for (const key of Object.keys(wanted)) {
      const value: unknown = Reflect.get(wanted, key);
      if (Object.hasOwn(node, key)) this.#value({ node, key, path }, value);
      else Reflect.set(node, key, plainCopy(value));
    }
  }

  /** What is alike at both ends stays; in between, element by element, and the rest is put in or taken out. */
  #list(node: unknown[], wanted: readonly unknown[], path: Path): void {
    let start = 0;
    while (start < Math.min(node.length, wanted.length) && isSame(node[start], wanted[start])) start++;
    let [end, wantedEnd] = [node.length, wanted.length];
    for (; end > start && wantedEnd > start && isSame(node[end - 1], wanted[wantedEnd - 1]); end--) wantedEnd--;
    const both = Math.min(end, wantedEnd);
    for (let key = start; key < both; key++) this.#value({ node, key, path }, wanted[key]);
    if (end !== wantedEnd) node.splice(both, end - both, ...wanted.slice(both, wantedEnd).map(plainCopy));
  }

  #value(
    { node, key, path }: { readonly node: object; readonly key: Key; readonly path: Path },
    wanted: unknown,
  ): void {
    const value: unknown = Reflect.get(node, key);
    const at = [...path, key];
    if (typeof value === "string" && typeof wanted === "string") {
      if (value !== wanted) this.#text(at).update(wanted);
    } else if (Array.isArray(value) && Array.isArray(wanted)) this.#list(value, wanted, at);
    else if (isMap(value) && isMap(wanted)) this.map(value, wanted, at);
    else if (!isSame(value, wanted)) Reflect.set(node, key, plainCopy(wanted));
  }
}

function remark(text: TextDraft, wanted: readonly TextMark[]): void {
  const marks = text.marks();
  const isMarked = (mark: TextMark) => (other: TextMark) => isSame(mark, other);
  for (const mark of marks) if (!wanted.some(isMarked(mark))) text.unmark(mark, mark.name);
  for (const mark of wanted) if (!marks.some(isMarked(mark))) text.mark(mark, mark.name, mark.value);
}

function isSame(one: unknown, other: unknown): boolean {
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return one === other;
  if (one instanceof Date) return other instanceof Date && one.getTime() === other.getTime();
  if (one instanceof Uint8Array) return other instanceof Uint8Array && equalBytes(one, other);
  if (isCounter(one)) return isCounter(other) && Number(one) === Number(other);
  if (isFixedText(one)) return isFixedText(other) && String(one) === String(other);
  if (Array.isArray(one) !== Array.isArray(other) || !(Array.isArray(other) || isMap(other))) return false;
  const keys = Object.keys(one);
  const isAlike = (key: string) => Object.hasOwn(other, key) && isSame(Reflect.get(one, key), Reflect.get(other, key));
  return keys.length === Object.keys(other).length && keys.every(isAlike);
}
