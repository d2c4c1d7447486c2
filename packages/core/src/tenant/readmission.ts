// Readmission: entries that a revocation cut off count after all. It restores entries, not rights.
import {
  compareBytes,
  type DatabaseId,
  fromHex,
  limits,
  parseDatabaseId,
  parseEntryId,
  parseStatementId,
  type StatementId,
  toHex,
  type WriterKey,
} from "@selkie/entry";
import type { Admission } from "../directory/admission.ts";
import type { DatabaseCuts } from "../directory/cuts.ts";
import type { Statement } from "../directory/statement.ts";
import { CoreError } from "../errors.ts";
import { admissionOfChain } from "./collect-cuts.ts";
import type { StatementContext } from "./statement-context.ts";
import { requireAdmin, writeStatements } from "./statement-work.ts";

const SLICE = { entries: 256, bytes: limits.runBytes };

type Cut = DatabaseCuts["cuts"][number];

/** A statement that readmits, and what it lets count. */
interface Readmission {
  readonly statement: Statement;
  /** Ids in hex, chain by chain. */
  readonly entries: readonly string[];
}

/**
 * Lets entries count that a revocation had cut off, with what precedes them in their chains. A cut names an entry that is signed, so
 * those up to the next signature come along.
 * @returns the ids of all entries that count because of it
 * @throws CoreError NOT_ADMIN | ENTRY_UNKNOWN for one that is not here, or that no revocation cut off | NOT_PERMITTED
 */
export async function readmit(at: StatementContext, entryIds: readonly string[]): Promise<readonly string[]> {
  const { statement, entries } = await planReadmission(at, entryIds);
  await writeStatements(at, { statements: [statement], rotate: [], give: () => [] });
  return entries;
}

/** What `readmit` would let count, all of it. @throws CoreError the same */
export async function wouldReadmit(at: StatementContext, entryIds: readonly string[]): Promise<readonly string[]> {
  return (await planReadmission(at, entryIds)).entries;
}

async function planReadmission(at: StatementContext, entryIds: readonly string[]): Promise<Readmission> {
  requireAdmin(at);
  const lifts = new Map<string, StatementId>();
  const chains = new Map<string, CutOff>();
  for (const id of entryIds) {
    const found = await findCutOff(at, id);
    for (const by of found.endedBy) lifts.set(by, parseStatementId(fromHex(by)));
    const name = `${toHex(found.database)}/${toHex(found.cut.writer)}`;
    const known = chains.get(name);
    if (known === undefined || known.cut.seq < found.cut.seq) chains.set(name, found);
  }
  const cuts = cutsByDatabase([...chains.values()]);
  for (;;) {
    const statement = { type: "readmit", lifts: [...lifts.values()].sort(compareBytes), cuts } as const;
    const left = await cutOffAfter(at, statement, [...chains.values()]);
    if (left.length === 0) {
      const entries: string[] = [];
      for (const chain of chains.values()) entries.push(...(await cutOffIn(at, chain)));
      return { statement, entries };
    }
    // Behind one revocation there may be another, with a longer cut.
    const more = left.filter((by) => !lifts.has(by));
    if (more.length < left.length)
      throw new CoreError("NOT_PERMITTED", "an admin above this one made a cut that stays");
    for (const by of more) lifts.set(by, parseStatementId(fromHex(by)));
  }
}

/** The revocations that would still cut something of this off, in hex. */
async function cutOffAfter(
  at: StatementContext,
  statement: Statement,
  chains: readonly { readonly database: DatabaseId; readonly cut: Cut }[],
): Promise<readonly string[]> {
  const after = await at.preview(at.writer, [statement]);
  const left: string[] = [];
  for (const { database, cut } of chains) {
    const chain = { database, writer: cut.writer };
    const admission = await admissionOf(at, chain);
    const end = admission === null ? { last: -1, endedBy: [""] } : after.endOf(chain, admission);
    if (end.last < cut.seq) left.push(...end.endedBy);
  }
  return [...new Set(left)];
}

/** The entries of a chain from its end to where it is to end. */
async function cutOffIn(at: StatementContext, { database, cut, last }: CutOff): Promise<readonly string[]> {
  const entries = at.context.store.entries(at.context.tenant, database);
  const ids: string[] = [];
  for (let seq = last + 1; seq <= cut.seq; ) {
    const run = await entries.read(cut.writer, seq, SLICE);
    if (run === null) break;
    for (const { id, header } of run.entries) if (header.seq <= cut.seq) ids.push(toHex(id));
    seq += run.entries.length;
  }
  return ids;
}

interface CutOff {
  readonly database: DatabaseId;
  /** The last seq that counts so far. */
  readonly last: number;
  readonly cut: Cut;
  /** Revocations, in hex. */
  readonly endedBy: readonly string[];
}

async function findCutOff(at: StatementContext, id: string): Promise<CutOff> {
  const { store, tenant } = at.context;
  for (const database of await store.databases(tenant)) {
    const entries = store.entries(tenant, database);
    const entry = await entries.find(parseEntryId(fromHex(id)));
    if (entry === undefined) continue;
    const { writer, seq } = entry.header;
    const admission = await admissionOf(at, { database, writer });
    const end = admission === null ? null : at.view().endOf({ database, writer }, admission);
    const signed = (await entries.read(writer, seq, { entries: 1, bytes: 1 }))?.entries.at(-1);
    if (end === null || end.endedBy.length === 0 || seq <= end.last || signed?.signature == null) break;
    const cut = { writer, seq: signed.header.seq, id: signed.id, signature: signed.signature };
    return { database, last: end.last, cut, endedBy: end.endedBy };
  }
  throw new CoreError("ENTRY_UNKNOWN", "no such entry is here that a revocation cut off");
}

async function admissionOf(
  at: StatementContext,
  { database, writer }: { readonly database: DatabaseId; readonly writer: WriterKey },
): Promise<Admission | null> {
  const { store, tenant } = at.context;
  const id = await admissionOfChain(at, store.entries(tenant, database), writer);
  return id === null ? null : (at.view().admission(parseStatementId(fromHex(id))) ?? null);
}

function cutsByDatabase(
  found: readonly { readonly database: DatabaseId; readonly cut: Cut }[],
): readonly DatabaseCuts[] {
  const groups = Map.groupBy(found, ({ database }) => toHex(database));
  return [...groups.values()]
    .map((group) => ({
      database: group[0]?.database ?? parseDatabaseId(new Uint8Array(32)),
      cuts: group.map(({ cut }) => cut).sort((a, b) => compareBytes(a.writer, b.writer)),
    }))
    .sort((a, b) => compareBytes(a.database, b.database));
}
