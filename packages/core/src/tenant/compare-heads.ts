import { type DatabaseId, fromHex, parseWriterKey, toHex, type Vector, vectorDigest } from "@selkie/entry";
import { type EntryStore, readEntry } from "@selkie/store";
import type { Admission } from "../directory/admission.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import {
  begins,
  fitHeads,
  heads,
  readHeads,
  type SaidChain,
  type SaidDatabase,
  type SignedHeads,
  signHeads,
  tenantIn,
  verifyHeads,
} from "../directory/heads-text.ts";
import { CoreError } from "../errors.ts";
import type { HeadsComparison, HeadsDifference, HeadsVerdict } from "./heads-comparison.ts";
import type { Alarm } from "./tenant.ts";
import type { TenantContext } from "./tenant-context.ts";

export interface CompareHeadsContext {
  readonly context: Pick<TenantContext, "platform" | "store" | "tenant" | "keys">;
  readonly directory: DatabaseId;
  view(): DirectoryView;
  /** This device's rights. @throws CoreError DEVICE_REVOKED | DIRECTORY_UNKNOWN */
  self(): Admission;
  databaseId(name: string): Promise<DatabaseId>;
  alarm(alarm: Alarm): void;
}

interface Held {
  readonly name: string | null;
  readonly entries: EntryStore;
  readonly vector: Vector;
}

/** Chains that are offered to a text: it has room for fewer. */
const MOST_CHAINS = 64;

/** What this device holds, as a text for another's. @throws CoreError DEVICE_REVOKED | DIRECTORY_UNKNOWN */
export async function headsText(at: CompareHeadsContext): Promise<string> {
  const { platform, keys, tenant } = at.context;
  at.self();
  const databases = (await heldDatabases(at)).filter(({ vector }) => vector.size > 0);
  const said = fitHeads({
    tenant: tenantIn(tenant),
    device: keys.device.publicKey.slice(0, heads.device),
    databases: databases.map(({ entries, vector }) => ({
      database: entries.database.slice(0, heads.database),
      digest: digestOf(at, entries.database, vector),
      count: vector.size,
      chains: [...vector].slice(0, MOST_CHAINS).map(([writer, { seq, id }]) => {
        return { writer: fromHex(writer).slice(0, heads.writer), seq, entry: id.slice(0, heads.entry) };
      }),
    })),
  });
  return await signHeads(platform.crypto, keys.device, said);
}

/**
 * Holds what another device holds against what is here.
 * SECURITY: B7. Its device signed it, so that nobody but a member says it (heads.test.ts).
 * @throws CoreError HEADS_MALFORMED | HEADS_OF_OTHER_TENANT | HEADS_NOT_OF_MEMBER
 */
export async function compareHeads(at: CompareHeadsContext, text: string): Promise<HeadsComparison> {
  const said = readHeads(text);
  const by = await signerOf(at, said);
  const known = await heldDatabases(at);
  const differences: HeadsDifference[] = [];
  let compared = 0;
  for (const theirs of said.databases) {
    const ours = known.find(({ entries }) => begins(entries.database, theirs.database));
    if (ours !== undefined && ours.vector.size === 0) continue; // this device does not have it open
    if (ours !== undefined) compared += 1;
    differences.push(...(ours === undefined ? [unknownHere(theirs)] : await differ(at, ours, theirs)));
  }
  for (const { type, database, writer, seq, entryId } of differences)
    if (type === "fork") at.alarm({ code: "FORK", database, writer, seq, entryId });
  return { ...by, verdict: verdictOn(differences), differences, compared, left: said.left };
}

async function signerOf(at: CompareHeadsContext, said: SignedHeads): Promise<Pick<HeadsComparison, "user" | "device">> {
  const { platform, tenant } = at.context;
  if (!begins(tenant, said.tenant))
    throw new CoreError("HEADS_OF_OTHER_TENANT", "the text is of a device in another tenant");
  const view = at.view();
  for (const member of view.devices()) {
    if (!begins(member.device, said.device) || !(await verifyHeads(platform.crypto, member.device, said))) continue;
    return { user: view.nameOf(member), device: toHex(member.device) };
  }
  throw new CoreError("HEADS_NOT_OF_MEMBER", "no device that is in the tenant made the text, as far as this one knows");
}

/** The directory first, then what it names; those too of which nothing is here. */
async function heldDatabases({ context, directory, view, databaseId }: CompareHeadsContext): Promise<readonly Held[]> {
  const named = await Promise.all(view().databases.map(async (name) => ({ name, id: await databaseId(name) })));
  return Promise.all(
    [{ name: null, id: directory }, ...named].map(async ({ name, id }) => {
      const entries = context.store.entries(context.tenant, id);
      return { name, entries, vector: await entries.vector() };
    }),
  );
}

function digestOf({ context }: CompareHeadsContext, database: DatabaseId, vector: Vector): Uint8Array {
  return vectorDigest(context.platform.crypto, database, vector).slice(0, heads.digest);
}

async function differ(
  at: CompareHeadsContext,
  { name, entries, vector }: Held,
  theirs: SaidDatabase,
): Promise<readonly HeadsDifference[]> {
  if (begins(digestOf(at, entries.database, vector), theirs.digest)) return [];
  const place = { name, database: toHex(entries.database), entryId: "" };
  const found: HeadsDifference[] = [];
  const listed = new Set<string>();
  for (const chain of theirs.chains) {
    const writer = [...vector.keys()].find((key) => begins(fromHex(key), chain.writer));
    if (writer !== undefined) listed.add(writer);
    const seq = writer === undefined ? -1 : (vector.get(writer)?.seq ?? -1);
    if (writer === undefined || seq < chain.seq)
      found.push({ ...place, type: "behind", writer: writer ?? toHex(chain.writer), seq: chain.seq });
    else found.push(...(await hold(entries, { ...place, writer, seq }, chain)));
  }
  if (theirs.chains.length === theirs.count)
    for (const [writer, { seq }] of vector)
      if (!listed.has(writer)) found.push({ ...place, type: "ahead", writer, seq });
  return found.length > 0 ? found : [{ ...place, type: "unclear", writer: "", seq: 0 }];
}

/** This device goes at least as far in the chain. */
async function hold(
  entries: EntryStore,
  ours: Omit<HeadsDifference, "type">,
  { seq, entry }: SaidChain,
): Promise<readonly HeadsDifference[]> {
  const held = await readEntry(entries, parseWriterKey(fromHex(ours.writer)), seq);
  if (held !== null && !begins(held.id, entry)) return [{ ...ours, type: "fork", seq, entryId: toHex(held.id) }];
  return ours.seq > seq ? [{ ...ours, type: "ahead" }] : [];
}

/** This device's directory does not name it. */
function unknownHere({ database }: SaidDatabase): HeadsDifference {
  return { type: "behind", name: null, database: toHex(database), writer: "", seq: 0, entryId: "" };
}

function verdictOn(differences: readonly HeadsDifference[]): HeadsVerdict {
  const types = new Set(differences.map(({ type }) => type));
  if (types.has("fork")) return "fork";
  if (types.has("behind")) return types.has("ahead") ? "apart" : "behind";
  if (types.has("ahead")) return "ahead";
  return types.has("unclear") ? "unclear" : "same";
}
