// Which documents the changes of a large entry are of: what a device reads that holds the entry without them. docs/spec/part.md section 9.
import type { Plaintext } from "@selkie/crypto";
import { ByteWriter, partKind, toHex, type VerifiedEntry } from "@selkie/entry";
import { CoreError } from "../errors.ts";
import { type ChangePart, headOf } from "./change-part.ts";
import { stemBytes } from "./document-id.ts";
import { pad, readPadded } from "./padme.ts";
import type { PartDraft } from "./seal-entry.ts";

/** What of a change part is said apart from it. */
export interface ToldPart {
  readonly document: ChangePart["document"];
  /** Whether it deletes its document, or takes that back. */
  readonly marks: boolean;
}

/** Changes of one key that are fewer bytes than this are sent whole: what would be said in their place is little less. */
const LEAST_BYTES = 4_096;
const TAG_BYTES = 16;

type ChangeDraft = PartDraft & { readonly kind: "change" };

/** The parts of an entry of changes, and behind them, for each key that seals many bytes, which documents its changes are of. */
export function withContents(drafts: readonly PartDraft[]): readonly PartDraft[] {
  const changes = drafts.filter((draft): draft is ChangeDraft => draft.kind === "change");
  const byKey = Map.groupBy(changes, ({ key }) => toHex(key.version));
  const contents = [...byKey.values()].flatMap((some): PartDraft[] => {
    const [first] = some;
    const bytes = some.reduce((sum, { plaintext }) => sum + plaintext.length + TAG_BYTES, 0);
    if (first === undefined || bytes < LEAST_BYTES) return [];
    const told = some.map(({ plaintext }) => toldOf(headOf(plaintext)));
    return [{ kind: "contents", key: first.key, plaintext: encodeContents(told) }];
  });
  return [...drafts, ...contents];
}

/** What is said of a part. */
export function toldOf({ kind, document }: Pick<ChangePart, "kind" | "document">): ToldPart {
  return { document, marks: kind === "delete" || kind === "undelete" };
}

/** The indexes of the changes under one place of an entry's table, in order: those that contents there are about. */
export function changesUnder({ parts }: VerifiedEntry, table: number): readonly number[] {
  return parts.flatMap((part, index) => (part.kind === partKind.change && part.table === table ? [index] : []));
}

/** Of each change under one place of the table, in order. */
export function encodeContents(told: readonly ToldPart[]): Plaintext {
  const writer = new ByteWriter(4 * told.length + 4).uleb(told.length);
  for (const { document, marks } of told) {
    const number = document.type === "stem" ? 0 : document.counter + 1;
    writer.uleb(2 * number + (marks ? 1 : 0));
    if (document.type === "stem") writer.bytes(document.stem);
  }
  return pad(writer.finish());
}

/** @param count how many changes there are under that place @throws CoreError `PART_MALFORMED` */
export function decodeContents(plaintext: Plaintext, count: number): readonly ToldPart[] {
  return readPadded(plaintext, (reader) => {
    if (reader.uleb() !== count) throw new CoreError("PART_MALFORMED", "contents of other parts than there are");
    return Array.from({ length: count }, (): ToldPart => {
      const said = reader.uleb();
      const [number, marks] = [Math.floor(said / 2), said % 2 === 1];
      if (number > 0) return { document: { type: "counter", counter: number - 1 }, marks };
      return { document: { type: "stem", stem: reader.bytes(stemBytes).slice() }, marks };
    });
  });
}
