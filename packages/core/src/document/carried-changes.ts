import { compareBytes, equalBytes, fromHex, toHex, type Verifier, type WriterKey } from "@selkie/entry";
import { actorOf } from "../automerge/actor.ts";
import { type ChangeChunk, parseChange } from "../automerge/change-chunk.ts";
import { changeLimits } from "../automerge/change-limits.ts";
import { PartWork } from "../automerge/part-work.ts";
import { CoreError } from "../errors.ts";
import type { CarriedHistory, Strand, ToldChange } from "./carried-history.ts";
import type { DocId } from "./doc-id.ts";

/** Whose changes an actor's are: those of a writer in some document. */
export interface Source {
  /** 32-byte id of the document. */
  readonly document: Uint8Array;
  readonly writer: WriterKey;
}

/** The changes that the creator of a document brought along from others. */
export class CarriedChanges {
  /** Who says that these are the changes of their authors. */
  readonly creator: WriterKey;
  readonly #hashes = new Set<string>();
  readonly #sources = new Map<string, Source>();

  constructor(creator: WriterKey) {
    this.creator = creator;
  }

  /** Whose changes an actor's are, as the creator says. */
  sourceOf(actor: Uint8Array): Source | undefined {
    return this.#sources.get(toHex(actor));
  }

  has(hash: Uint8Array): boolean {
    return this.#hashes.has(toHex(hash));
  }

  add(change: ChangeChunk, source: Source): void {
    this.#hashes.add(toHex(change.hash));
    this.#sources.set(toHex(change.actor), source);
  }
}

/**
 * Takes the strands of one part, dependencies first; what depends on anything that is not carried is left over.
 * INVARIANT: so what is carried follows from the creator's chain alone, and never on what came from others. Test: carried-changes.test.ts.
 */
export function unravel(
  { strands }: CarriedHistory,
  has: (hash: Uint8Array) => boolean,
  take: (told: ToldChange, writer: WriterKey) => void,
): readonly ToldChange[] {
  const left = strands.map(({ writer, changes }) => ({ writer, changes: [...changes] }));
  for (let moved = true; moved; ) {
    moved = false;
    for (const { writer, changes } of left)
      for (let [next] = changes; next?.change.deps.every(has) === true; [next] = changes) {
        changes.shift();
        take(next, writer);
        moved = true;
      }
  }
  return left.flatMap(({ changes }) => changes);
}

/** What of a document is carried on. */
interface Carriable {
  readonly name: DocId;
  /** Dependencies first. */
  readonly changes: readonly Uint8Array[];
  readonly carried: CarriedChanges | null;
}

/** What histories are read with. */
interface Reading {
  readonly verifier: Verifier;
  /** What is known of a change. */
  readonly tell: (change: ChangeChunk) => Omit<ToldChange, "change">;
  /** The writers of the database. */
  readonly writers: Iterable<WriterKey>;
}

/**
 * All changes of a document, as parts of another carry them: each after those that it builds on.
 *
 * @param most bytes of changes in one part, if that is more than one change; each part is meant for an entry of its own
 * @throws CoreError CHANGE_REFUSED
 */
export function carriedFrom(
  record: Carriable,
  { verifier, writers, tell }: Reading,
  most: number,
): readonly CarriedHistory[] {
  const document = fromHex(record.name);
  const own = new Map(
    [...writers].map((writer) => [toHex(actorOf(verifier, writer, document, null)), { document, writer }]),
  );
  const histories: CarriedHistory[] = [];
  let batch: Batch = { source: null, bytes: 0, work: new PartWork(), changes: [] };
  const end = (): void => {
    if (batch.source !== null) histories.push({ before: batch.source.document, strands: strandsOf(batch.changes) });
  };
  for (const bytes of record.changes) {
    const change = parseChange(bytes, verifier.sha256);
    const source = record.carried?.sourceOf(change.actor) ?? own.get(toHex(change.actor));
    if (source === undefined) throw new CoreError("CHANGE_REFUSED", "a change of the document is of nobody known");
    const fits =
      batch.source !== null &&
      equalBytes(batch.source.document, source.document) &&
      batch.changes.length < changeLimits.changesInPart &&
      batch.bytes + bytes.length <= most &&
      batch.work.totalWith(change) <= changeLimits.entryWork;
    if (!fits) {
      end();
      batch = { source, bytes: 0, work: new PartWork(), changes: [] };
    }
    batch.changes.push({ told: { change, ...tell(change) }, writer: source.writer });
    batch.bytes += bytes.length;
    batch.work.addChange(change);
  }
  end();
  return histories;
}

/** What one part is to carry. */
interface Batch {
  readonly source: Source | null;
  bytes: number;
  readonly work: PartWork;
  readonly changes: { readonly told: ToldChange; readonly writer: WriterKey }[];
}

function strandsOf(changes: Batch["changes"]): readonly Strand[] {
  const strands = [...Map.groupBy(changes, ({ writer }) => toHex(writer)).values()].flatMap((some) => {
    const [first] = some;
    return first === undefined ? [] : [{ writer: first.writer, changes: some.map(({ told }) => told) }];
  });
  return strands.sort((a, b) => compareBytes(a.writer, b.writer));
}
