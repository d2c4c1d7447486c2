// The plaintext of a change part: which document a change belongs to, what kind it is, when its author claims to have made it.
import type { Plaintext } from "@selkie/crypto";
import { ByteReader, ByteWriter, compareBytes, parseWriterKey, toHex, type WriterKey } from "@selkie/entry";
import { CoreError } from "../errors.ts";
import { stemBytes } from "./document-id.ts";
import { asMalformed, bundleFloor, pad, paddingFloor, requirePadding } from "./padme.ts";

/** What a change part does to its document. */
export type ChangeKind = "create" | "change" | "delete" | "undelete" | "manifest";

/** The same, and what the creator of a document brings along from another: the payload is that of `carried-history.ts`. */
type PartKind = ChangeKind | "carry";

/** One document's share of an entry. */
export interface ChangePart {
  readonly kind: PartKind;
  /** How `payload` is written: 0 an Automerge change, 1 packed, 2 a bundle of changes. */
  readonly codec: 0 | 1 | 2;
  /** The creating writer sends its counter, everybody else the 16-byte stem: the other half of the id is that of the part's key. */
  readonly document:
    | { readonly type: "counter"; readonly counter: number }
    | { readonly type: "stem"; readonly stem: Uint8Array };
  /** 16-byte branch id; null is the main branch. */
  readonly branch: Uint8Array | null;
  /** Claimed wall time, ms since the epoch: shown to people, decides nothing. */
  readonly time: number;
  /** The app's own bytes about this change. */
  readonly metadata: Uint8Array | null;
  /** What the author made in the document before and made anew; none for most. */
  readonly replaces?: readonly Replacement[];
  readonly payload: Uint8Array;
}

/** What a device made in a document as an earlier writer, from its change of this number up to that, and has made anew since. */
export interface Replacement {
  readonly writer: WriterKey;
  readonly seq: number;
  readonly last: number;
}

type Span = Pick<Replacement, "seq" | "last">;

/** The last instant a `Date` can hold (ECMA-262 section 21.4.1.1), ms since the epoch. */
export const latestTime = 8_640_000_000_000_000;

const CODE_OF_KIND: Readonly<Record<PartKind, number>> = {
  create: 1,
  change: 2,
  delete: 3,
  undelete: 4,
  manifest: 5,
  carry: 6,
};
const KIND_OF_CODE: ReadonlyMap<number, PartKind> = new Map(
  Object.entries(CODE_OF_KIND).map(([kind, code]) => [code, kind as PartKind]),
);
const CODECS: ReadonlyMap<number, ChangePart["codec"]> = new Map([
  [0, 0],
  [1, 1],
  [2, 2],
]);
const hasBranch = 1;
const hasMetadata = 2;
const byCounter = 4;
const hasReplaces = 8;
/** Writers whose work one part may replace. */
export const mostReplaced = 16;

/** Filled and copied out by one call. */
const writer = new ByteWriter();

/** The nearest time a change can claim, whatever number a clock gives. */
export function claimedTime(ms: number): number {
  return Number.isNaN(ms) ? 0 : Math.trunc(Math.min(Math.max(ms, 0), latestTime));
}

/** Encodes and pads. @throws CoreError `PART_MALFORMED` when a field cannot be encoded */
export function encodeChangePart(part: ChangePart): Plaintext {
  const { document, branch, metadata, replaces = [], payload } = part;
  requireValid(part);
  const flags =
    (branch === null ? 0 : hasBranch) |
    (metadata === null ? 0 : hasMetadata) |
    (document.type === "stem" ? 0 : byCounter) |
    (replaces.length === 0 ? 0 : hasReplaces);
  writer.clear();
  writer.u8(CODE_OF_KIND[part.kind]).u8(part.codec).u8(flags);
  if (document.type === "stem") writer.bytes(document.stem);
  else writer.uleb(document.counter);
  if (branch !== null) writer.bytes(branch);
  writer.uleb(part.time);
  if (metadata !== null) writer.uleb(metadata.length).bytes(metadata);
  if (replaces.length > 0) writeReplaces(writer, replaces);
  writer.uleb(payload.length).bytes(payload);
  return pad(writer.finish(), floorOf(part));
}

/** @throws CoreError `PART_MALFORMED`; `UPDATE_NEEDED` for a kind or codec of a later version */
export function decodeChangePart(plaintext: Plaintext): ChangePart {
  // As `readPadded` does it, but for that it is called for every change: what calls one function after the other is compiled for none.
  const reader = new ByteReader(plaintext);
  try {
    const part = readChangePart(reader);
    requirePadding(plaintext, reader.offset, floorOf(part));
    return part;
  } catch (cause) {
    throw asMalformed(cause);
  }
}

/** Which document a part is of, and what becomes of it, as its author sealed it. @throws CoreError PART_MALFORMED | UPDATE_NEEDED */
export function headOf(plaintext: Plaintext): Pick<ChangePart, "kind" | "document"> {
  return readHead(new ByteReader(plaintext));
}

function readChangePart(reader: ByteReader): ChangePart {
  const { kind, codec, flags, document } = readHead(reader);
  const branch = (flags & hasBranch) === 0 ? null : reader.bytes(stemBytes);
  const time = reader.uleb(latestTime);
  const metadata = (flags & hasMetadata) === 0 ? null : reader.bytes(reader.uleb());
  const replaces = (flags & hasReplaces) === 0 ? null : readReplaces(reader);
  const part = { kind, codec, document, branch, time, metadata, payload: reader.bytes(reader.uleb()) };
  return replaces === null ? part : { ...part, replaces };
}

function readHead(reader: ByteReader): Pick<ChangePart, "kind" | "codec" | "document"> & { readonly flags: number } {
  const kind = KIND_OF_CODE.get(reader.u8());
  const codec = CODECS.get(reader.u8());
  if (kind === undefined || codec === undefined) throw new CoreError("UPDATE_NEEDED", "a change of a later version");
  const flags = reader.u8();
  if (flags > (hasBranch | hasMetadata | byCounter | hasReplaces))
    throw new CoreError("PART_MALFORMED", `unknown flags ${flags}`);
  // SECURITY: D2. What is carried is its creator's word: nobody else can bring anything into a document (carried-changes.test.ts).
  if (kind === "carry" && (flags !== byCounter || codec !== 0))
    throw new CoreError("PART_MALFORMED", "a history is carried by the creator of its document");
  const document: ChangePart["document"] =
    (flags & byCounter) === 0
      ? { type: "stem", stem: reader.bytes(stemBytes) }
      : { type: "counter", counter: reader.uleb() };
  return { kind, codec, flags, document };
}

/** From the first to the last of what two words about one writer name: it is made anew in its order, so that nothing lies between. */
export function together(one: Span, other: Span = one): Span {
  return { seq: Math.min(one.seq, other.seq), last: Math.max(one.last, other.last) };
}

/** Of each writer all that is replaced. */
export function mergeReplacements(replaces: Iterable<Replacement>): readonly Replacement[] {
  const merged = new Map<string, Replacement>();
  for (const replaced of replaces) {
    const name = toHex(replaced.writer);
    merged.set(name, { writer: replaced.writer, ...together(replaced, merged.get(name)) });
  }
  return [...merged.values()].sort((a, b) => compareBytes(a.writer, b.writer));
}

/** What is replaced besides, once this is too; where that is more than a part can say, an older word is left out. */
export function alsoReplaced(replaces: readonly Replacement[], now: Replacement): readonly Replacement[] {
  const all = mergeReplacements([...replaces, now]);
  const older = all.filter(({ writer }) => compareBytes(writer, now.writer) !== 0).slice(1 - mostReplaced);
  return all.length <= mostReplaced ? all : mergeReplacements([...older, now]);
}

export function writeReplaces(writer: ByteWriter, replaces: readonly Replacement[]): void {
  writer.u8(replaces.length);
  for (const { writer: of, seq, last } of replaces)
    writer
      .bytes(of)
      .uleb(seq)
      .uleb(last - seq);
}

/** @throws CoreError PART_MALFORMED */
export function readReplaces(reader: ByteReader): readonly Replacement[] {
  const count = reader.u8();
  const replaces = Array.from({ length: count }, () => {
    const [writer, seq] = [parseWriterKey(reader.bytes(32).slice()), reader.uleb()];
    return { writer, seq, last: seq + reader.uleb() };
  });
  requireReplaces(replaces);
  if (count === 0) throw new CoreError("PART_MALFORMED", "a part that replaces nothing says that it does");
  return replaces;
}

/** One for each writer, in order, so that there is one way to say it. */
function requireReplaces(replaces: readonly Replacement[]): void {
  const isSorted = replaces.every(({ writer }, at) => {
    const before = replaces[at - 1];
    return before === undefined || compareBytes(before.writer, writer) < 0;
  });
  const isRange = ({ seq, last }: Replacement): boolean => 0 < seq && seq <= last && Number.isSafeInteger(last);
  if (!isSorted || replaces.length > mostReplaced || !replaces.every(isRange))
    throw new CoreError("PART_MALFORMED", "what a part replaces is not in order");
}

const floorOf = ({ codec }: ChangePart): number => (codec === 2 ? bundleFloor : paddingFloor);

function requireValid({ kind, codec, document, branch, metadata, replaces = [], time }: ChangePart): void {
  const isPlain = branch === null && metadata === null && replaces.length === 0;
  if (kind === "carry" && (document.type !== "counter" || !isPlain || codec !== 0))
    throw new CoreError("PART_MALFORMED", "a history is carried by the creator of its document");
  const stemFits = document.type === "counter" || document.stem.length === stemBytes;
  if (!stemFits || (branch !== null && branch.length !== stemBytes)) {
    throw new CoreError("PART_MALFORMED", "a stem or branch id is not 16 bytes");
  }
  requireReplaces(replaces);
  if (claimedTime(time) !== time) throw new CoreError("PART_MALFORMED", "a claimed time is not a time");
}
