// Parts: the sealed shares of an entry, one per document touched (docs/spec/entry.md section 5).
import { EntryError } from "./entry-error.ts";
import { type EntryType, entryType } from "./header.ts";
import type { Ciphertext } from "./ids.ts";
import { labelPrefix } from "./labels.ts";
import { limits } from "./limits.ts";
import type { Verifier } from "./verifier.ts";

/** What a part holds. */
export const partKind = { change: 1, control: 2, permit: 3, statement: 4, contents: 5 } as const;
/** A value of {@link partKind}. */
export type PartKind = (typeof partKind)[keyof typeof partKind];

/** Table indexes that name no key tag: the bundle of a permit, and a permit sealed by HPKE. */
export const tableIndex = { bundle: 254, hpke: 255 } as const;

/** What of a part survives when its ciphertext is dropped. */
export interface PartFrame {
  readonly kind: PartKind;
  /** Index into the entry's key tags, or a value of {@link tableIndex}. */
  readonly table: number;
}

/** A part with its ciphertext. */
export interface SealedPart extends PartFrame {
  readonly type: "sealed";
  readonly ciphertext: Ciphertext;
}

/** A part whose ciphertext was withheld or purged: frame, length in bytes and H(ciphertext) remain, so the entry still verifies. */
export interface HolePart extends PartFrame {
  readonly type: "hole";
  readonly length: number;
  readonly hash: Uint8Array;
}

/** A part of an entry. */
export type Part = SealedPart | HolePart;

/** Length of a part's ciphertext in bytes, also when it is a hole. */
export function partLength(part: Part): number {
  return part.type === "sealed" ? part.ciphertext.length : part.length;
}

const ciphertextLabel = labelPrefix("ct");

/** H(ciphertext) of a part, 32 bytes. */
export function partHash(verifier: Verifier, part: Part): Uint8Array {
  // As `hash` does it, without a list of what is hashed: every part comes here, on every device and relay.
  return part.type === "sealed" ? verifier.sha256(ciphertextLabel, part.ciphertext) : part.hash;
}

/**
 * The hole that a purged part leaves; an entry with it has the same id.
 *
 * @throws EntryError `BAD_PART` for a control part, which is never purged
 */
export function holeOf(verifier: Verifier, part: Part): HolePart {
  if (part.kind === partKind.control) throw new EntryError("BAD_PART", "a control part may not be a hole");
  const { kind, table } = part;
  return { type: "hole", kind, table, length: partLength(part), hash: partHash(verifier, part) };
}

/** What frames of parts are checked against. */
export interface FrameContext {
  readonly type: EntryType;
  readonly control: boolean;
  /** Number of key tags. */
  readonly tags: number;
}

/**
 * Checks one part where it stands in its entry.
 *
 * SECURITY: relabelling a part (a change as a statement, a control part dropped) is refused before anything is hashed.
 * Test: part.test.ts "B3 ...".
 *
 * @throws EntryError `BAD_PART`
 */
export function checkPart(part: Part, index: number, context: FrameContext): void {
  const mayBe = context.type === entryType.change ? CHANGE_KINDS : STATEMENT_KINDS;
  const isControl = part.kind === partKind.control;
  if (isControl ? index !== 0 || !context.control : index === 0 && context.control) {
    throw new EntryError("BAD_PART", "part 0 is a control part if the header says so, and no other part is");
  }
  if (!isControl && !mayBe.includes(part.kind)) {
    throw new EntryError("BAD_PART", `a part of kind ${part.kind} in an entry of type ${context.type}`);
  }
  if (isControl && part.type === "hole") throw new EntryError("BAD_PART", "a control part may not be a hole");
  const { table } = part;
  const isIndex = Number.isInteger(table) && table >= 0 && table < context.tags;
  const isPermit = part.kind === partKind.permit;
  if (isPermit ? table !== tableIndex.bundle && table !== tableIndex.hpke : !isIndex) {
    throw new EntryError("BAD_PART", `table index ${table} of a part of kind ${part.kind}`);
  }
  const length = partLength(part);
  if (!Number.isInteger(length) || length < limits.partBytesMin || length > limits.entryBytes) {
    throw new EntryError("BAD_PART", `a part of ${length} bytes`);
  }
  if (part.type === "hole" && part.hash.length !== 32) throw new EntryError("BAD_PART", "a hole's hash has 32 bytes");
}

const CHANGE_KINDS: readonly PartKind[] = [partKind.change, partKind.contents];
const STATEMENT_KINDS: readonly PartKind[] = [partKind.statement, partKind.permit];
