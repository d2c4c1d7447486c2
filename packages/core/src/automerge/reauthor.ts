// Rewrites changes that nobody has seen yet from one actor to another: a journal that an earlier incarnation of a writer left behind.
// Automerge's decodeChange and encodeChange cannot do it: they lose byte values.
import { compareBytes, equalBytes, toHex } from "@selkie/entry";
import type { ChangeChunk, Sha256 } from "./change-chunk.ts";
import { emptyOp } from "./change-op.ts";
import { writeChange } from "./change-writer.ts";
import { OpReader, opSourceOf } from "./op-reader.ts";
import { OpWriter } from "./op-writer.ts";
import { type DraftOp, mapReferences, writeOps } from "./written-ops.ts";

/** Whose changes the rewritten ones become. */
export interface NewAuthor {
  readonly actor: Uint8Array;
  /** Number of its first rewritten change; 1 unless it has changes in the document already. */
  readonly firstSeq: number;
}

const reader = new OpReader();
const writer = new OpWriter();

/**
 * The same changes by another author. `changes` are the last ones of one actor in one document, in order, none of them published;
 * what they refer to beyond themselves stays as it is, also the earlier, published changes of the old actor.
 *
 * @throws ChangeError when they are not changes
 */
export function reauthorChanges(
  changes: readonly ChangeChunk[],
  author: NewAuthor,
  sha256: Sha256,
): readonly ChangeChunk[] {
  const hashes = new Map<string, Uint8Array>();
  // The operations of one actor are numbered upwards, so that this one number tells its published ones from the others.
  const firstOp = changes[0]?.startOp ?? 1;
  return changes.map((change, index) => {
    const deps = change.deps.map((dep) => hashes.get(toHex(dep)) ?? dep).sort(compareBytes);
    const otherActors = rewriteOps(change, author.actor, firstOp);
    const header = { ...change, deps, actor: author.actor, seq: author.firstSeq + index, otherActors };
    const rewritten = writeChange(header, { type: "written", columns: writer.finish() }, sha256);
    hashes.set(toHex(change.hash), rewritten.hash);
    return rewritten;
  });
}

/** Writes the operations of a change under its new author and gives the other actors that they name then. */
function rewriteOps(change: ChangeChunk, newActor: Uint8Array, firstOp: number): readonly Uint8Array[] {
  // All actors an operation may name from now on: the new author, the old one, and those named before.
  const actors = [newActor, change.actor, ...change.otherActors];
  const known = actors.findIndex((actor, index) => index > 0 && equalBytes(actor, newActor));
  const move = (actor: number, counter: number): number => {
    const there = actor > 0 ? actor + 1 : counter >= firstOp || counter === 0 ? 0 : 1;
    return there === known ? 0 : there;
  };
  const ops: DraftOp[] = [];
  reader.open(opSourceOf(change));
  for (let i = 0; i < change.opCount; i++) {
    const op = emptyOp();
    reader.next(op);
    mapReferences(op, move);
    ops.push({ op, bytes: change.bytes });
  }
  reader.finish();
  return writeOps(writer, ops, actors);
}
