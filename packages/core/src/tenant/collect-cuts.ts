// Where the chains of devices end in this store: what a revocation lets stand.
import {
  compareBytes,
  equalBytes,
  fromHex,
  parseEntryId,
  parseStatementId,
  parseWriterKey,
  type StatementId,
  toHex,
  type Vector,
  type VerifiedEntry,
  type WriterKey,
} from "@selkie/entry";
import type { EntryStore } from "@selkie/store";
import type { DatabaseCuts } from "../directory/cuts.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import { CoreError } from "../errors.ts";
import { decodeControlPart } from "../sealing/control-part.ts";
import { openEntries } from "../sealing/open-entry.ts";
import type { TenantContext } from "./tenant-context.ts";

type Cut = DatabaseCuts["cuts"][number];

const ONE_ENTRY = { entries: 1, bytes: 2 ** 20 };
const SLICE = { entries: 256, bytes: 2 ** 20 };

/**
 * The cuts of all chains that these admissions have certified, in every database of the tenant that this store holds.
 *
 * @param founding writer of a chain without a certificate that is to be among them: the root's first
 */
export async function collectCuts(
  context: Pick<TenantContext, "platform" | "store" | "tenant" | "ring">,
  admissions: readonly StatementId[],
  view: Pick<DirectoryView, "forkOf" | "endOf" | "admission">,
  founding: Uint8Array | null = null,
): Promise<readonly DatabaseCuts[]> {
  const { store, tenant } = context;
  const names = new Set(admissions.map(toHex));
  const found: DatabaseCuts[] = [];
  const databases = [...(await store.databases(tenant))].sort(compareBytes);
  for (const database of databases) {
    const cuts = await cutsIn(context, store.entries(tenant, database), {
      names,
      founding,
      view,
    });
    if (cuts.length > 0) found.push({ database, cuts });
  }
  return found;
}

interface Wanted {
  /** Admissions, in hex. */
  readonly names: ReadonlySet<string>;
  readonly founding: Uint8Array | null;
  readonly view: Pick<DirectoryView, "forkOf" | "endOf" | "admission">;
}

async function cutsIn(
  context: Pick<TenantContext, "platform" | "ring">,
  entries: EntryStore,
  { names, founding, view }: Wanted,
): Promise<readonly Cut[]> {
  const cuts: Cut[] = [];
  const vector: Vector = await entries.vector();
  // Lower-case hexadecimal sorts as its bytes do.
  for (const [name, head] of [...vector].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const writer = parseWriterKey(fromHex(name));
    const admission = await admissionOfChain(context, entries, writer);
    const isFounding = founding !== null && equalBytes(writer, founding);
    if (!isFounding && (admission === null || !names.has(admission))) continue;
    const fork = await openForkOf(view, entries, { writer, admission });
    // Behind a fork that nobody has decided the others may hold another branch than this device: what everybody holds alike is kept.
    const tip =
      head.seq < fork
        ? (await entries.read(writer, head.seq, ONE_ENTRY))?.entries.at(-1)
        : await lastSigned(entries, writer, fork);
    if (tip !== undefined && tip.signature !== null)
      cuts.push({ writer, seq: tip.header.seq, id: tip.id, signature: tip.signature });
  }
  return cuts;
}

/** Where a chain forks, unless this store holds the branch that counts; infinite for no such place. */
async function openForkOf(
  view: Wanted["view"],
  entries: EntryStore,
  { writer, admission }: { readonly writer: WriterKey; readonly admission: string | null },
): Promise<number> {
  const { database } = entries;
  const known = view.forkOf(database, writer);
  if (known === undefined) return Number.POSITIVE_INFINITY;
  const by = admission === null ? undefined : view.admission(parseStatementId(fromHex(admission)));
  const fork = by === undefined ? null : view.endOf({ database, writer }, by).fork;
  if (fork === null) return known.seq;
  const { deciding } = fork;
  for (const id of deciding) if ((await entries.find(parseEntryId(fromHex(id)))) === undefined) return fork.seq;
  return deciding.length === 0 ? fork.seq : Number.POSITIVE_INFINITY;
}

/** The last signed entry before a place, if there is one. */
async function lastSigned(entries: EntryStore, writer: WriterKey, before: number): Promise<VerifiedEntry | undefined> {
  let last: VerifiedEntry | undefined;
  for (let seq = 0; seq < before; ) {
    const run = await entries.read(writer, seq, SLICE);
    if (run === null) break;
    last = run.entries.findLast(({ header, signature }) => signature !== null && header.seq < before) ?? last;
    seq += run.entries.length;
  }
  return last;
}

/** As the certificate in the first entry says; null when there is none that this device can read. */
export async function admissionOfChain(
  { platform, ring }: Pick<TenantContext, "platform" | "ring">,
  entries: EntryStore,
  writer: Parameters<EntryStore["read"]>[0],
): Promise<string | null> {
  const first = (await entries.read(writer, 0, ONE_ENTRY))?.entries[0];
  if (first === undefined) return null;
  const [parts = []] = await openEntries(platform.crypto, ring, [first], ["control"]);
  const [control] = parts;
  if (control?.type !== "opened") return null;
  try {
    const { certificate } = decodeControlPart(control.plaintext);
    return certificate === null ? null : toHex(certificate.admission);
  } catch (error) {
    if (error instanceof CoreError) return null; // a chain that counts nowhere needs no cut
    throw error;
  }
}
