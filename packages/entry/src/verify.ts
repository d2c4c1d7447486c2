// The one place that verifies entries. Nothing else makes a VerifiedEntry.
//
// A signature covers the chain up to its entry, because an id covers `prev`: an entry is accepted when it, or a later entry that
// links to it, carries a valid one. So a run costs one signature, its last; the others are ignored and dropped, and every replica
// that reaches one honest sender accepts the same entries, however runs are cut.
import { decodeEntryBody, type EntryPlace } from "./body-codec.ts";
import { equalBytes } from "./bytes.ts";
import { entrySize, type IdentifiedEntry, identifyEntry, withParts, withSignature } from "./entry.ts";
import { EntryError, type EntryErrorCode } from "./entry-error.ts";
import { type EntryId, parseCiphertext, type Signature } from "./ids.ts";
import { labelled } from "./labels.ts";
import { limits } from "./limits.ts";
import { holeOf, type Part, partHash, partLength } from "./part.ts";
import { checkRun, type Run, runOf } from "./run.ts";
import type { SignatureCheck, Verifier } from "./verifier.ts";

declare const verified: unique symbol;

/** An entry whose writer's signature, its own or a later one's, covers its id; or one that this device made or stored. */
export interface VerifiedEntry extends IdentifiedEntry {
  readonly [verified]: true;
}

/** A run of verified entries; the last one carries the signature that covers them. */
export type VerifiedRun = Run<VerifiedEntry>;

/** Why a run was refused: its shape, as an {@link EntryErrorCode}, or its signature. */
export type RefusalCode = EntryErrorCode | "SIGNATURE_MISSING";

/** The verdict on one run: all of it or nothing. */
export type RunVerdict =
  | { readonly type: "verified"; readonly run: VerifiedRun }
  | { readonly type: "refused"; readonly code: RefusalCode };

/**
 * Verifies runs from a peer: shapes, links and limits of each, and the signature of its last entry, all signatures in one call.
 * Expected failures are verdicts; it does not throw on anything a decoder returned.
 *
 * SECURITY: a run whose last entry carries no valid signature is refused whole. Tests: verify.test.ts "B1 ...", "F5 ...".
 */
export async function verifyRuns(verifier: Verifier, runs: readonly Run[]): Promise<readonly RunVerdict[]> {
  const prepared = runs.map((run) => prepareRun(verifier, run));
  const checks = prepared.flatMap((item) => (item.type === "prepared" ? [item.check] : []));
  const answers = await verifier.verifyMany(checks);
  let next = 0;
  return prepared.map((item): RunVerdict => {
    if (item.type === "refused") return item;
    const isValid = answers[next++] === true;
    return isValid
      ? { type: "verified", run: mintRun(item.run, item.signature) }
      : { type: "refused", code: "SIGNATURE_INVALID" };
  });
}

/**
 * The run that this device has just sealed and signed, without verifying its own signature.
 *
 * @param signature - over label `sign-entry` and the id of the last entry
 * @throws EntryError `BAD_RUN`, `NOT_IDENTIFIED`; `TOO_LARGE` when more than `gapEntries` or `gapBytes` would stay unsigned
 */
export function adoptOwnRun(entries: readonly IdentifiedEntry[], signature: Signature): VerifiedRun {
  const run = runOf(entries);
  checkRun(run);
  // Receivers accept twice this, because they drop signatures between the ones they keep.
  const unsigned = entries.slice(0, -1);
  const unsignedBytes = unsigned.reduce((size, entry) => size + entrySize(entry), 0);
  if (unsigned.length > limits.gapEntries || unsignedBytes > limits.gapBytes) {
    throw new EntryError("TOO_LARGE", `${unsigned.length} entries without a signature, ${unsignedBytes} bytes`);
  }
  return mintRun(run, signature);
}

/** Where a stored entry stands, and the id it was stored under. */
export interface StoredPlace extends EntryPlace {
  readonly id: EntryId;
}

/**
 * An entry from our own store, where only verified ones are put; null when its bytes are damaged. The id is computed again; it does
 * not cover the signature, so a store that keeps signatures keeps a checksum of them.
 */
export function reviveEntry(
  verifier: Verifier,
  body: Uint8Array,
  at: StoredPlace,
  signature: Signature | null,
): VerifiedEntry | null {
  try {
    const entry = identifyEntry(verifier, { ...decodeEntryBody(body, at), signature });
    return equalBytes(entry.id, at.id) ? mint(entry) : null;
  } catch (error) {
    if (error instanceof EntryError) return null;
    throw error;
  }
}

/**
 * The same run with holes for the parts of these indexes of each entry: ids and signatures are as before.
 *
 * @throws EntryError `BAD_PART` for a control part
 */
export function withHoles(
  verifier: Verifier,
  run: VerifiedRun,
  indexesOf: (entry: VerifiedEntry) => ReadonlySet<number>,
): VerifiedRun {
  const entries = run.entries.map((entry) => {
    const indexes = indexesOf(entry);
    if (indexes.size === 0) return entry;
    return mint(withParts(entry, (part, at) => (indexes.has(at) ? holeOf(verifier, part) : part)));
  });
  return { ...run, entries };
}

/**
 * The same entry with ciphertexts, by index, in the place of holes: the id covers them by their hashes, so that nothing else fits.
 *
 * @throws EntryError `BAD_PART` for what is not what a hole stands for
 */
export function withFilled(
  verifier: Verifier,
  entry: VerifiedEntry,
  ciphertexts: ReadonlyMap<number, Uint8Array>,
): VerifiedEntry {
  const filled = withParts(entry, (hole, at) => {
    const bytes = ciphertexts.get(at);
    if (bytes === undefined) return hole;
    const { kind, table } = hole;
    const part: Part = { type: "sealed", kind, table, ciphertext: parseCiphertext(bytes) };
    const fits =
      partLength(part) === partLength(hole) && equalBytes(partHash(verifier, part), partHash(verifier, hole));
    if (!fits) throw new EntryError("BAD_PART", "another part than the one that the entry names");
    return part;
  });
  return mint(filled);
}

type PreparedRun =
  | {
      readonly type: "prepared";
      readonly run: Run<IdentifiedEntry>;
      readonly signature: Signature;
      readonly check: SignatureCheck;
    }
  | { readonly type: "refused"; readonly code: RefusalCode };

function prepareRun(verifier: Verifier, run: Run): PreparedRun {
  try {
    const entries = run.entries.map((entry) => identifyEntry(verifier, entry));
    const identified: Run<IdentifiedEntry> = { ...run, entries };
    checkRun(identified);
    const last = entries.at(-1);
    if (last === undefined || last.signature === null) return { type: "refused", code: "SIGNATURE_MISSING" };
    const check = { publicKey: run.writer, message: labelled("sign-entry", last.id), signature: last.signature };
    return { type: "prepared", run: identified, signature: last.signature, check };
  } catch (error) {
    if (error instanceof EntryError) return { type: "refused", code: error.code };
    throw error;
  }
}

function mintRun(run: Run<IdentifiedEntry>, signature: Signature): VerifiedRun {
  const last = run.entries.length - 1;
  const entries = run.entries.map((entry, index) => mint(withSignature(entry, index === last ? signature : null)));
  return { database: run.database, writer: run.writer, firstSeq: run.firstSeq, prev: run.prev, entries };
}

function mint(entry: IdentifiedEntry): VerifiedEntry {
  return entry as VerifiedEntry;
}
