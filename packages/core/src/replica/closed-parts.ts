import { type KeyTag, toHex, type VerifiedEntry, type VerifiedRun, type WriterKey } from "@selkie/entry";
import { groupOf, type OpenedPart } from "../sealing/open-entry.ts";

/** Entries with closed parts are found by a few bits of the part's key tag, so that no number of tags takes more memory. */
const BUCKETS = 1_024;

/** An entry some of whose parts can perhaps be opened now. */
export interface LatePlace {
  readonly writer: WriterKey;
  readonly seq: number;
  /** Whether a part of it was closed until now. */
  wasClosed(entry: VerifiedEntry, index: number): boolean;
}

interface Chain {
  readonly writer: WriterKey;
  readonly seqs: Set<number>;
}

function isClosed({ type }: OpenedPart): boolean {
  return type === "no-key" || type === "hole";
}

/**
 * Where parts lie that could not be opened when their entry was delivered: under a key that this device does not hold, or in a hole.
 * Takes some bytes for each such entry and key tag, and for each hole, whatever is in them.
 */
export class ClosedParts {
  readonly #chainsByBucket = new Map<number, Map<string, Chain>>();
  /** By writer and seq: the indexes of parts that are holes. */
  readonly #holes = new Map<string, Map<number, readonly number[]>>();

  /** Remembers what of an entry stayed closed; again is the same as once. */
  note(entry: VerifiedEntry, parts: readonly OpenedPart[]): void {
    if (!parts.some(isClosed)) return; // as of most entries
    const { writer, seq } = entry.header;
    const tags = parts.flatMap((part) => {
      if (part.type === "no-key") return [part.tag];
      const tag = part.type === "hole" ? entry.table[entry.parts[part.index]?.table ?? entry.table.length] : undefined;
      return tag === undefined ? [] : [tag];
    });
    const buckets = new Set(tags.map(bucketOf));
    for (const bucket of buckets) {
      const chains = this.#chainsByBucket.get(bucket) ?? new Map<string, Chain>();
      const chain = chains.get(toHex(writer)) ?? { writer, seqs: new Set() };
      chain.seqs.add(seq);
      this.#chainsByBucket.set(bucket, chains.set(toHex(writer), chain));
    }
    const holes = parts.flatMap((part) => (part.type === "hole" ? [part.index] : []));
    if (holes.length === 0) return;
    const bySeq = this.#holes.get(toHex(writer)) ?? new Map<number, readonly number[]>();
    this.#holes.set(toHex(writer), bySeq.set(seq, holes));
  }

  /** Takes out the places of entries that may have parts under these tags; `note` what stays closed. */
  under(tags: readonly KeyTag[]): readonly LatePlace[] {
    const wasClosed = (entry: VerifiedEntry, index: number) => {
      const place = entry.parts[index]?.table ?? entry.table.length;
      return groupOf(entry, place).some((tag) => tags.some((other) => toHex(other) === toHex(tag)));
    };
    return [...new Set(tags.map(bucketOf))].flatMap((bucket) => {
      const chains = this.#chainsByBucket.get(bucket);
      this.#chainsByBucket.delete(bucket);
      return [...(chains?.values() ?? [])].flatMap(({ writer, seqs }) =>
        [...seqs].map((seq) => ({ writer, seq, wasClosed })),
      );
    });
  }

  /** Takes out the places in which these runs fill holes; `note` what stays a hole. */
  filledBy(runs: readonly VerifiedRun[]): readonly LatePlace[] {
    return runs.flatMap(({ writer, entries }) => {
      const bySeq = this.#holes.get(toHex(writer));
      if (bySeq === undefined) return [];
      return entries.flatMap(({ header: { seq }, parts }) => {
        const holes = bySeq.get(seq);
        if (holes === undefined || holes.every((index) => parts[index]?.type === "hole")) return [];
        bySeq.delete(seq);
        return [{ writer, seq, wasClosed: (_: VerifiedEntry, index: number) => holes.includes(index) }];
      });
    });
  }
}

function bucketOf(tag: KeyTag): number {
  return (((tag[0] ?? 0) << 8) | (tag[1] ?? 0)) % BUCKETS;
}
