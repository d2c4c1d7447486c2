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
  /** The rival that an entry is, or lies behind, as far as proofs show; by id in hex. */
  readonly rivalOf: ReadonlyMap<string, string>;
  /** Whether it is proven to fork elsewhere too: then nobody's voice counts, or each place would have to be decided for itself. */
  readonly isTorn: boolean;
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
    const branches = statement.branches.map((branch) => idsOf(verifier, statement, branch));
    if (branches.some(([first]) => first !== undefined && equalBytes(first, tenant))) continue;
    const isTorn = known !== undefined && (known.isTorn || known.seq !== seq);
    if (known !== undefined && known.seq < seq) forks.set(name, { ...known, isTorn });
    else
      forks.set(name, { database, writer, seq, ...withBranches(known?.seq === seq ? known : null, branches), isTorn });
  }
  return forks;
}

function withBranches(
  known: ProvenFork | null,
  branches: readonly (readonly EntryId[])[],
): Pick<ProvenFork, "rivals" | "rivalOf"> {
  const rivals = new Map((known?.rivals ?? []).map((id) => [toHex(id), id]));
  const rivalOf = new Map(known?.rivalOf);
  for (const ids of branches) {
    const [first] = ids;
    if (first === undefined) continue;
    rivals.set(toHex(first), first);
    for (const id of ids) rivalOf.set(toHex(id), toHex(first));
  }
  return { rivals: [...rivals.values()], rivalOf };
}
