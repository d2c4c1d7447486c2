// Parts that are asked for one by one: read for a peer, and checked as they come.
import {
  EntryError,
  entrySize,
  equalBytes,
  type Replica,
  type VerifiedEntry,
  type VerifiedRun,
  type Verifier,
  withFilled,
} from "@selkie/entry";
import type { PartPlace } from "../message/message.ts";
import { SyncError } from "../sync-error.ts";
import type { FetchedPart } from "./session.ts";

/** Bytes of one answer, and of what is read for it, beyond which no other part is begun. */
const ANSWER_BYTES = 1_048_576;
const READ_BYTES = 4_194_304;
const ONE = { entries: 1, bytes: 1 };

/** As many of the parts as one answer takes, and how many bytes were read for nothing. */
export async function readParts(
  replica: Replica,
  places: readonly PartPlace[],
): Promise<{ readonly parts: readonly (Uint8Array | null)[]; readonly left: number }> {
  const parts: (Uint8Array | null)[] = [];
  const reader = new EntryReader(replica);
  let sent = 0;
  for (const place of places) {
    if (sent > ANSWER_BYTES || reader.bytes > READ_BYTES) break;
    const part = (await reader.read(place))?.parts[place.index];
    const ciphertext = part?.type === "sealed" ? part.ciphertext : null;
    sent += ciphertext?.length ?? 0;
    parts.push(ciphertext);
  }
  return { parts, left: Math.max(0, reader.bytes - sent) };
}

/**
 * The parts that a peer gave, each of them what its entry names.
 * SECURITY: B2. A part that is not the one that was asked for reaches nobody (fetching.test.ts).
 *
 * @throws SyncError PART_OTHER
 */
export async function checkParts(
  verifier: Verifier,
  replica: Replica,
  places: readonly PartPlace[],
  parts: readonly (Uint8Array | null)[],
): Promise<readonly FetchedPart[]> {
  const reader = new EntryReader(replica);
  const fetched: FetchedPart[] = [];
  for (const [at, given] of parts.entries()) {
    const place = places[at];
    if (place === undefined) throw other();
    const entry = given === null ? null : await reader.read(place);
    if (entry === null || given === null) fetched.push({ ...place, ciphertext: null });
    else fetched.push({ ...place, ciphertext: ciphertextOf(verifier, entry, place.index, given) });
  }
  return fetched;
}

function ciphertextOf(
  verifier: Verifier,
  entry: VerifiedEntry,
  index: number,
  given: Uint8Array,
): FetchedPart["ciphertext"] {
  try {
    // A copy: what is kept must not keep the whole answer alive.
    const part = withFilled(verifier, entry, new Map([[index, given.slice()]])).parts[index];
    if (part?.type === "sealed") return part.ciphertext;
  } catch (error) {
    if (!(error instanceof EntryError)) throw error;
  }
  throw other();
}

/** Reads entries one by one; what lies behind one that was just read is at hand. */
class EntryReader {
  /** Read so far. */
  bytes = 0;
  readonly #replica: Replica;
  #run: VerifiedRun | null = null;

  constructor(replica: Replica) {
    this.#replica = replica;
  }

  async read({ writer, seq }: Pick<PartPlace, "writer" | "seq">): Promise<VerifiedEntry | null> {
    const run = this.#run;
    const isHere = run !== null && equalBytes(run.writer, writer) && seq >= run.firstSeq;
    const known = isHere ? run.entries[seq - run.firstSeq] : undefined;
    if (known !== undefined) return known;
    this.#run = await this.#replica.read(writer, seq, ONE);
    for (const entry of this.#run?.entries ?? []) this.bytes += entrySize(entry);
    return this.#run?.entries[0] ?? null;
  }
}

const other = (): SyncError =>
  new SyncError("PART_OTHER", "the peer gave another part than the one that was asked for");
