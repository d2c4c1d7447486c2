import * as Automerge from "@automerge/automerge/slim";
import { CoreError } from "../errors.ts";
import { guardKey, guardValue } from "./values.ts";

/** Where something lies in a document's data: names of fields and indexes of lists, from the root. */
export type Path = readonly (string | number)[];

/** A stretch of a text, in UTF-16 code units: from `start` up to `end`, which is not in it. */
export interface TextRange {
  readonly start: number;
  readonly end: number;
}

/** A stretch of a text that has a mark. */
export interface TextMark extends TextRange {
  readonly name: string;
  readonly value: boolean | number | string;
}

/** Whether a mark takes in what is written right at its ends. */
export type MarkEnds = "none" | "before" | "after" | "both";

/**
 * A text in a document, to be edited as a text: what others write in it at the same time stays. Positions count UTF-16 code units, as
 * those of JavaScript's strings do.
 *
 * Every method throws CoreError CHANGE_CLOSED once the change callback has returned, and VALUE_UNSUPPORTED for a position outside of the
 * text or between the halves of a surrogate pair, and for what cannot be stored.
 */
export interface TextDraft {
  /** Removes `deleteCount` units from `index` on, and puts `insert` there. */
  splice(index: number, deleteCount: number, insert?: string): void;
  /** Makes it this text, by the fewest edits: what stays the same is not written again. */
  update(text: string): void;
  /** Marks a stretch with a name and a value, `"bold"` and `true` for example; the mark goes along with what is marked. */
  mark(range: TextRange, name: string, value: boolean | number | string, ends?: MarkEnds): void;
  /** Takes a mark away from a stretch. */
  unmark(range: TextRange, name: string, ends?: MarkEnds): void;
  /** The marks there are; `marksOf` reads them outside of a change. */
  marks(): readonly TextMark[];
  /** The text as it is now. */
  toString(): string;
}

/** The text at a path of the document that is being edited; `begin` is called before each edit, and throws when it is too late for one. */
export function textDraft(root: object, path: Path, begin: () => void): TextDraft {
  const at = [...path];
  const read = (): string => {
    const value = valueAt(root, at);
    if (typeof value !== "string") throw noText();
    return value;
  };
  // Automerge's own type of a document under edit says nothing of what is in it.
  const doc = root as Automerge.Doc<unknown>;
  const guard = (range: TextRange): void => guardRange(unitsAt(doc, at), range, read);
  return {
    splice(index, deleteCount, insert = "") {
      begin();
      guard({ start: index, end: index + deleteCount });
      guardValue(insert, at);
      Automerge.splice(doc, at, index, deleteCount, insert);
    },
    update(text) {
      begin();
      read();
      guardValue(text, at);
      Automerge.updateText(doc, at, text);
    },
    mark({ start, end }, name, value, ends = "after") {
      begin();
      guard({ start, end });
      guardMark({ start, end }, name);
      if (value === null) throw unsupported("a mark of null, which would take a mark away: unmark does");
      guardValue(value, at);
      Automerge.mark(doc, at, { start, end, expand: ends }, name, value);
    },
    unmark({ start, end }, name, ends = "after") {
      begin();
      guard({ start, end });
      guardMark({ start, end }, name);
      Automerge.unmark(doc, at, { start, end, expand: ends }, name);
    },
    marks: () => Automerge.marks(doc, at) as TextMark[],
    toString: read,
  };
}

/** What lies at a path; undefined where nothing does. */
export function valueAt(root: object, path: Path): unknown {
  let value: unknown = root;
  for (const step of path) {
    if (typeof value !== "object" || value === null || !Reflect.has(value, step)) return undefined;
    value = Reflect.get(value, step);
  }
  return value;
}

/** What stands at a place of a text, as far as it can be told: undefined beyond its end. */
type Units = (index: number) => unknown;

/**
 * The text at a path, letter by letter: reading all of a long text takes longer than any edit of it.
 * @throws CoreError VALUE_UNSUPPORTED where there is none
 */
function unitsAt(doc: Automerge.Doc<unknown>, path: Path): Units {
  const handle = Automerge.getBackend(doc);
  let [type, id]: readonly unknown[] = ["map", "_root"];
  for (const step of path) {
    const isKey = type === "map" && typeof step === "string";
    if (!isKey && !(type === "list" && typeof step === "number")) throw noText();
    [type, id] = handle.getWithType(id as string, step) ?? [];
  }
  if (type !== "text") throw noText();
  return (index) => handle.get(id as string, index);
}

function guardMark(range: TextRange, name: string): void {
  if (range.start === range.end) throw unsupported("a mark of nothing");
  guardKey(name);
}

/** @param read gives the whole text, for what single letters do not tell */
function guardRange(units: Units, { start, end }: TextRange, read: () => string): void {
  const isRange = Number.isInteger(start) && Number.isInteger(end) && 0 <= start && start <= end;
  if (!isRange || !isBoundary(units, start, read) || !isBoundary(units, end, read))
    throw unsupported("no such stretch of the text");
}

/** Whether a position is in a text and not between the halves of a surrogate pair: an edit there would leave half a character on each side. */
function isBoundary(units: Units, position: number, read: () => string): boolean {
  if (position === 0) return true;
  const before = units(position - 1);
  if (typeof before === "string" && before.length === 1) return true;
  const text = before === undefined ? "" : read();
  return position <= text.length && (text.codePointAt(position - 1) ?? 0) <= 0xffff;
}

const noText = (): CoreError => unsupported("there is no text at this path");

function unsupported(why: string): CoreError {
  return new CoreError("VALUE_UNSUPPORTED", why);
}
