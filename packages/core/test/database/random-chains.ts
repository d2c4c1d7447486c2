// What several people wrote, and some of them twice: random chains of random documents under several keys, and versions of keys.
import * as Automerge from "@automerge/automerge";
import type { VerifiedRun } from "@selkie/entry";
import type { KeyVersion } from "../../src/keys/key-version.ts";
import type { DocumentPlace } from "../../src/sealing/document-id.ts";
import type { PartDraft } from "../../src/sealing/seal-entry.ts";
import { type AnyDoc, type Random, randomChange } from "../automerge/random-history.ts";
import { type Author, type Lab, placeOf } from "./lab.ts";

export interface ChainOptions {
  readonly people: number;
  readonly documents: number;
  readonly steps: number;
  /** Whether they sign two changes with one number, and one change as two kinds. */
  readonly equivocate: boolean;
  /** Whether they delete documents, too; if nothing is said they do. */
  readonly deletions?: boolean;
  /** What they are called; authors, if nothing is said. */
  readonly called?: string;
}

export interface Chains {
  readonly documents: readonly DocumentPlace[];
  /** By writer, in order. */
  readonly runs: readonly (readonly VerifiedRun[])[];
}

/** One person's copies of one document; more than one after they equivocated. */
type Copies = AnyDoc[];

export async function randomChains(lab: Lab, random: Random, options: ChainOptions): Promise<Chains> {
  const authors = await Promise.all(
    Array.from({ length: options.people }, (_, at) => lab.author(`${options.called ?? "author"} ${at}`)),
  );
  const documents = Array.from({ length: options.documents }, (_, at) =>
    placeOf(`document ${at}`, lab.keys[at % lab.keys.length]?.name),
  );
  const copies = authors.map((author) =>
    documents.map((place): Copies => [Automerge.init({ actor: author.actor(place) })]),
  );
  const written: PartDraft[][] = authors.map(() => []);
  for (let step = 0; step < options.steps; step++) {
    const [who, what] = [random.below(authors.length), random.below(documents.length)];
    const [author, place] = [authors[who], documents[what]];
    const mine = copies[who]?.[what];
    const theirs = copies[random.below(authors.length)]?.[what];
    if (author === undefined || place === undefined || mine === undefined || theirs === undefined) continue;
    const other = random.pick(theirs);
    if (mine !== theirs && random.below(2) === 0) mergeInto(mine, other);
    written[who]?.push(...edit({ author, place, copies: mine, versions: lab.versionsOf(place) }, random, options));
  }
  return {
    documents,
    runs: await Promise.all(authors.map((author, at) => intoRuns(author, written[at] ?? [], random))),
  };
}

interface Desk {
  readonly author: Author;
  readonly place: DocumentPlace;
  readonly copies: Copies;
  readonly versions: readonly KeyVersion[];
}

function edit(
  { author, place, copies, versions }: Desk,
  random: Random,
  { equivocate, deletions = true }: ChainOptions,
): PartDraft[] {
  const at = random.below(copies.length);
  const before = copies[at];
  if (before === undefined) return [];
  const part = (bytes: Uint8Array, kind: "change" | "delete" = "change") =>
    author.part(place, bytes, { kind, key: random.pick(versions) });
  if (deletions && random.below(12) === 0) {
    const after = Automerge.emptyChange(before, { time: 0 });
    copies[at] = after;
    const bytes = lastChange(after);
    return equivocate && random.below(2) === 0 ? [part(bytes, "delete"), part(bytes)] : [part(bytes, "delete")];
  }
  const after = randomChange(before, random);
  if (Automerge.getHeads(after).join() === Automerge.getHeads(before).join()) return []; // it changed nothing
  if (!equivocate || random.below(4) > 0) {
    copies[at] = after;
    return [part(lastChange(after))];
  }
  const twin = randomChange(Automerge.clone(before, { actor: Automerge.getActorId(before) }), random);
  copies[at] = after;
  if (Automerge.getHeads(twin).join() === Automerge.getHeads(before).join()) return [part(lastChange(after))];
  copies.push(twin);
  return [part(lastChange(after)), part(lastChange(twin))];
}

function lastChange(doc: AnyDoc): Uint8Array {
  const change = Automerge.getLastLocalChange(doc);
  if (change === undefined) throw new RangeError("nothing was changed");
  return change;
}

/** Automerge refuses to merge two changes of one number: then nothing is merged. */
function mergeInto(copies: Copies, other: AnyDoc): void {
  for (const [at, copy] of copies.entries()) {
    try {
      copies[at] = Automerge.merge(Automerge.clone(copy, { actor: Automerge.getActorId(copy) }), other);
      return;
    } catch {
      // the next copy, perhaps
    }
  }
}

async function intoRuns(author: Author, parts: readonly PartDraft[], random: Random): Promise<readonly VerifiedRun[]> {
  const runs: VerifiedRun[] = [];
  for (let left = parts; left.length > 0; ) {
    const entries: PartDraft[][] = [];
    for (let count = 1 + random.below(3); count > 0 && left.length > 0; count--) {
      const length = 1 + random.below(3);
      entries.push(left.slice(0, length));
      left = left.slice(length);
    }
    runs.push(await author.write(...entries));
  }
  return runs;
}
