import { ByteWriter, toHex, type VerifiedEntry, type Verifier, type WriterKey } from "@selkie/entry";
import { type DocId, docIdOf, placeOf } from "../document/doc-id.ts";
import { nameIn, stemIn } from "../document/part-contents.ts";
import { CoreError } from "../errors.ts";
import { digestBytes } from "../feed/heads-digest.ts";
import type { Delivery } from "../replica/delivery.ts";
import { headOf } from "../sealing/change-part.ts";
import { changesUnder, decodeContents, type ToldPart, toldOf } from "../sealing/contents-part.ts";
import type { OpenedPart } from "../sealing/open-entry.ts";

/** Where a change part of an entry that counts is. */
export interface RemotePart {
  readonly writer: WriterKey;
  readonly seq: number;
  readonly index: number;
}

/** What is known of a document without its changes. */
interface Known {
  /** Of each writer, by its name in hex, in chain order. */
  readonly parts: Map<string, RemotePart[]>;
  /** Whether one of them deletes it, or takes that back. */
  isMarked: boolean;
}

export interface RemoteIndexContext {
  readonly verifier: Verifier;
  /** Whether what this writer wrote under this key may count. */
  counts(writer: WriterKey, keyId: Uint8Array): boolean;
  /** Whether a document is dead. */
  isPurged(name: DocId): boolean;
}

/**
 * Which parts are of which document: by the parts that are here, and by what authors say of those that are not. Some 200 bytes a part.
 * INVARIANT: it follows from the entries that count alone; what an author says of a part decides only when it is looked for, as the part
 * says itself what it is of. Test: remote-database.test.ts "... equals a whole replica ...".
 */
export class RemoteIndex {
  readonly #at: RemoteIndexContext;
  #documents = new Map<DocId, Known>();
  /** Parts that are not here, of which nobody says what they are of. */
  #untold = new Map<string, RemotePart>();
  /** Documents that were shown without parts that nobody gave. */
  #lacking = new Set<DocId>();

  constructor(at: RemoteIndexContext) {
    this.#at = at;
  }

  /** Nothing is known any more. @returns what was: of each document its digest */
  clear(): ReadonlyMap<DocId, string> {
    const before = new Map([...this.names()].map((name) => [name, this.digestOf(name)]));
    this.#documents = new Map();
    this.#untold = new Map();
    return before;
  }

  /** Takes in what was opened of entries that count; again is the same as once. @returns the documents of which more is known */
  note(deliveries: readonly Delivery[]): ReadonlySet<DocId> {
    const touched = new Set<DocId>();
    for (const delivery of deliveries) this.#note(delivery, touched);
    return touched;
  }

  /** The documents of which something may count, deleted ones too; not those that are dead. */
  *names(): Iterable<DocId> {
    for (const name of this.#documents.keys()) if (this.has(name)) yield name;
  }

  has(name: DocId): boolean {
    return !this.#at.isPurged(name) && this.#chainsOf(name).length > 0;
  }

  /** Whether something deletes this document, or takes that back. */
  isMarked(name: DocId): boolean {
    return this.#documents.get(name)?.isMarked === true;
  }

  /** The parts of a document that may count, in chain order of each writer. */
  partsOf(name: DocId): readonly RemotePart[] {
    return this.#chainsOf(name)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([, parts]) => parts);
  }

  get untold(): readonly RemotePart[] {
    return [...this.#untold.values()];
  }

  /** Nobody has such a part: it is not asked for again. */
  giveUp(part: RemotePart): void {
    this.#untold.delete(keyOfPart(part));
  }

  /** Documents were read: those among them that lack parts are shown without. @returns those of which that is otherwise than it was */
  showed(names: Iterable<DocId>, lacking: ReadonlySet<DocId>): ReadonlySet<DocId> {
    const moved = new Set<DocId>();
    for (const name of names) {
      if (lacking.has(name) === this.#lacking.has(name)) continue;
      moved.add(name);
      if (!this.#lacking.delete(name)) this.#lacking.add(name);
    }
    return moved;
  }

  /** What was lacking may be given now. @returns the documents that were shown without */
  takeLacking(): ReadonlySet<DocId> {
    const lacking = this.#lacking;
    this.#lacking = new Set();
    return lacking;
  }

  /** In hex: another where other parts of a document may count, or are lacking. */
  digestOf(name: DocId): string {
    const writer = new ByteWriter();
    if (this.#lacking.has(name)) writer.u8(1);
    for (const part of this.partsOf(name)) writer.bytes(part.writer).uleb(part.seq).uleb(part.index);
    return toHex(this.#at.verifier.sha256(writer.finish()).subarray(0, digestBytes));
  }

  /** By writers of whom something may count. */
  #chainsOf(name: DocId): readonly (readonly [string, readonly RemotePart[]])[] {
    const { keyId } = placeOf(name);
    const chains = [...(this.#documents.get(name)?.parts ?? [])];
    return chains.filter(([, [first]]) => first !== undefined && this.#at.counts(first.writer, keyId));
  }

  #note(delivery: Delivery, touched: Set<DocId>): void {
    const { entry, parts } = delivery;
    const { writer, seq } = entry.header;
    const told = this.#toldIn(entry, parts);
    for (const part of parts) {
      const place: RemotePart = { writer, seq, index: part.index };
      if (part.type === "opened" && part.kind === "change") {
        this.giveUp(place);
        const name = nameIn(this.#at.verifier, delivery, part);
        if (name !== null) this.#add(name, place, toldOf(headOf(part.plaintext)), touched);
      } else if (part.type === "hole" && entry.parts[part.index]?.kind === CHANGE) {
        const said = told.get(part.index);
        if (said === undefined) this.#untold.set(keyOfPart(place), place);
        else this.#add(said.name, place, said, touched);
      }
    }
  }

  /** What the author says of the changes of an entry, by index. What can't be read says nothing. */
  #toldIn(
    entry: VerifiedEntry,
    parts: readonly OpenedPart[],
  ): ReadonlyMap<number, Pick<ToldPart, "marks"> & { readonly name: DocId }> {
    const told = new Map<number, Pick<ToldPart, "marks"> & { readonly name: DocId }>();
    for (const part of parts) {
      if (part.type !== "opened" || part.kind !== "contents") continue;
      const { keyId } = part.key;
      const indexes = changesUnder(entry, entry.parts[part.index]?.table ?? 0);
      try {
        for (const [at, { document, marks }] of decodeContents(part.plaintext, indexes.length).entries()) {
          const stem = stemIn(this.#at.verifier, entry.header.writer, { document });
          told.set(indexes[at] ?? 0, { name: docIdOf({ stem, keyId }), marks });
        }
      } catch (error) {
        if (!(error instanceof CoreError)) throw error;
      }
    }
    return told;
  }

  #add(name: DocId, part: RemotePart, { marks }: Pick<ToldPart, "marks">, touched: Set<DocId>): void {
    const known: Known = this.#documents.get(name) ?? { parts: new Map(), isMarked: false };
    this.#documents.set(name, known);
    known.isMarked ||= marks;
    const chain = known.parts.get(toHex(part.writer)) ?? [];
    known.parts.set(toHex(part.writer), chain);
    const at = placeIn(chain, part);
    const found = chain[at];
    if (found?.seq === part.seq && found.index === part.index) return;
    chain.splice(at, 0, part);
    touched.add(name);
  }
}

/** How many parts of a chain come before one. */
function placeIn(chain: readonly RemotePart[], { seq, index }: RemotePart): number {
  let [from, to] = [0, chain.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    const other = chain[middle];
    if (other !== undefined && (other.seq - seq || other.index - index) < 0) from = middle + 1;
    else to = middle;
  }
  return from;
}

const CHANGE = 1 satisfies VerifiedEntry["parts"][number]["kind"];

/** Names a part as text, in chain order of each writer. */
export const keyOfPart = ({ writer, seq, index }: RemotePart): string =>
  `${toHex(writer)} ${String(seq).padStart(16, "0")} ${String(index).padStart(4, "0")}`;
