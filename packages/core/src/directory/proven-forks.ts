// The forks that a directory proves.
import { type DatabaseId, type EntryId, equalBytes, toHex, type Verifier, type WriterKey } from "@selkie/entry";
import type { DirectoryIdentity, PlacedStatement } from "./admission.ts";
import { chainName } from "./chain-name.ts";
import { idsOf } from "./fork.ts";

/** The first place at which a chain is proven to fork. */
export interface ProvenFork {
  readonly database: DatabaseId;
  readonly writer: WriterKey;
  readonly seq: number;
  /** The entries that claim the place. */
  readonly rivals: readonly EntryId[];
}

/** By name of the chain. */
export type ProvenForks = ReadonlyMap<string, ProvenFork>;

/**
 * Forks by the chain they are of. A proof counts whoever says it, wherever it stands: it is the writer who signed. That the statements
 * are proofs was verified when they were read.
 *
 * The founding entry has no rival: the tenant id names it.
 */
export function provenForks(
  verifier: Verifier,
  { tenant }: DirectoryIdentity,
  placed: readonly PlacedStatement[],
): ProvenForks {
  const forks = new Map<string, ProvenFork>();
  for (const { statement } of placed) {
    if (statement.type !== "fork") continue;
    const { database, writer, seq } = statement;
    const name = chainName(database, writer);
    const known = forks.get(name);
    if (known !== undefined && known.seq < seq) continue;
    const firsts = statement.branches.flatMap((branch) => idsOf(verifier, statement, branch).slice(0, 1));
    if (firsts.some((id) => equalBytes(id, tenant))) continue;
    const rivals = new Map([...(known?.seq === seq ? known.rivals : []), ...firsts].map((id) => [toHex(id), id]));
    forks.set(name, { database, writer, seq, rivals: [...rivals.values()] });
  }
  return forks;
}
