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
import { type EntryStore, readEntry, readRuns } from "@selkie/store";
import type { DatabaseCuts } from "../directory/cuts.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import { CoreError } from "../errors.ts";
import { type Certificate, decodeControlPart } from "../sealing/control-part.ts";
import { openEntries } from "../sealing/open-entry.ts";
import type { StatementContext } from "./statement-context.ts";
import type { TenantContext } from "./tenant-context.ts";

type Cut = DatabaseCuts["cuts"][number];

type Context = Pick<StatementContext, "context" | "view" | "certificateOf">;

/**
 * The cuts of all chains that these admissions have certified, in every database of the tenant that this store holds.
 *
 * @param founding writer of a chain without a certificate that is to be among them: the root's first
 */
export async function collectCuts(
  at: Context,
  admissions: readonly StatementId[],
  founding: Uint8Array | null = null,
): Promise<readonly DatabaseCuts[]> {
  const { store, tenant } = at.context;
  const names = new Set(admissions.map(toHex));
  const found: DatabaseCuts[] = [];
  const databases = [...(await store.databases(tenant))].sort(compareBytes);
  for (const database of databases) {
    const cuts = await cutsIn(at, store.entries(tenant, database), { names, founding });
    if (cuts.length > 0) found.push({ database, cuts });
  }
  return found;
}

interface Wanted {
  /** Admissions, in hex. */
  readonly names: ReadonlySet<string>;
  readonly founding: Uint8Array | null;
}

async function cutsIn(at: Context, entries: EntryStore, { names, founding }: Wanted): Promise<readonly Cut[]> {
  const cuts: Cut[] = [];
  const vector: Vector = await entries.vector();
  // Lower-case hexadecimal sorts as its bytes do.
  for (const [name, head] of [...vector].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const writer = parseWriterKey(fromHex(name));
    const admission = await admissionOfChain(at, entries, writer);
    const isFounding = founding !== null && equalBytes(writer, founding);
    if (!isFounding && (admission === null || !names.has(admission))) continue;
    const fork = await openForkOf(at.view(), entries, { writer, admission });
    // Behind a fork that nobody has decided the others may hold another branch than this device: what everybody holds alike is kept.
    const tip = head.seq < fork ? await readEntry(entries, writer, head.seq) : await lastSigned(entries, writer, fork);
    if (tip !== null && tip.signature !== null)
      cuts.push({ writer, seq: tip.header.seq, id: tip.id, signature: tip.signature });
  }
  return cuts;
}

/** Where a chain forks, unless this store holds the branch that counts; infinite for no such place. */
async function openForkOf(
  view: DirectoryView,
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
async function lastSigned(entries: EntryStore, writer: WriterKey, before: number): Promise<VerifiedEntry | null> {
  let last: VerifiedEntry | null = null;
  for await (const run of readRuns(entries, writer, 0)) {
    last = run.entries.findLast(({ header, signature }) => signature !== null && header.seq < before) ?? last;
    if (run.firstSeq + run.entries.length >= before) break;
  }
  return last;
}

/** As the certificate in the first entry says; null when there is none that this device can read. */
export async function admissionOfChain(at: Context, entries: EntryStore, writer: WriterKey): Promise<string | null> {
  // The directory has as many chains as devices, and all that can be read of it is known.
  const isDirectory = equalBytes(entries.database, at.view().identity.directory);
  const certificate = isDirectory ? at.certificateOf(writer) : await readCertificate(at.context, entries, writer);
  return certificate === null ? null : toHex(certificate.admission);
}

async function readCertificate(
  { platform, ring }: TenantContext,
  entries: EntryStore,
  writer: WriterKey,
): Promise<Certificate | null> {
  const first = await readEntry(entries, writer, 0);
  if (first === null) return null;
  const [parts = []] = await openEntries(platform.crypto, ring, [first], ["control"]);
  const [control] = parts;
  if (control?.type !== "opened") return null;
  try {
    return decodeControlPart(control.plaintext).certificate;
  } catch (error) {
    if (error instanceof CoreError) return null; // a chain that counts nowhere needs no cut
    throw error;
  }
}
