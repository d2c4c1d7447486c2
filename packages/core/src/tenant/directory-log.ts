import {
  compareBytes,
  type DatabaseId,
  type EntryId,
  entryType,
  equalBytes,
  toHex,
  type VerifiedEntry,
  type VerifiedRun,
  type WriterKey,
} from "@selkie/entry";
import type { EntryStore } from "@selkie/store";
import type { PlacedStatement } from "../directory/admission.ts";
import { buildDirectory, type DirectoryView } from "../directory/directory-view.ts";
import { statementId } from "../directory/statement.ts";
import { decodeStatement } from "../directory/statement-codec.ts";
import { CoreError } from "../errors.ts";
import { openKeyVersion } from "../keys/key-version.ts";
import { openPermits } from "../keys/permit.ts";
import { readAll } from "../replica/read-all.ts";
import { decodeControlPart, type VerifiedCertificate, verifyCertificates } from "../sealing/control-part.ts";
import { type OpenedPart, openEntries } from "../sealing/open-entry.ts";
import type { TenantContext } from "./tenant-context.ts";

type Opened = OpenedPart & { type: "opened" };

interface Read {
  readonly entry: VerifiedEntry;
  opened: boolean;
}

/** What this device learned while reading the directory. */
export interface DirectoryNews {
  readonly changed: boolean;
  readonly newKeys: boolean;
  /** Ids of keys that came in a permit though no statement commits to them: they were dropped. */
  readonly unauthentic: readonly Uint8Array[];
}

/**
 * The directory as this device knows it: reads the statements out of the directory's entries, finds the permits for this user,
 * and rebuilds the view. The view is a pure function of the set of statements; this class only collects them.
 */
export class DirectoryLog {
  readonly #context: TenantContext;
  readonly #database: DatabaseId;
  readonly #entries: EntryStore;
  /** By writer: a certificate whose signature holds. */
  readonly #certificates = new Map<string, VerifiedCertificate>();
  readonly #read = new Map<string, Read>();
  readonly #placed = new Map<string, Omit<PlacedStatement, "certificate">>();
  readonly #tips = new Map<string, VerifiedEntry>();
  /** Ids that some chain has named in its frontier. */
  readonly #covered = new Set<string>();
  /** What `frontier` last answered: every local change asks. */
  #frontier: { readonly own: WriterKey | null; readonly heads: readonly EntryId[] } | null = null;
  #founding: VerifiedEntry | null = null;
  #view: DirectoryView;

  constructor(context: TenantContext, database: DatabaseId, entries: EntryStore) {
    this.#context = context;
    this.#database = database;
    this.#entries = entries;
    this.#view = buildDirectory(
      context.platform.crypto,
      { tenant: context.tenant, root: null, directory: database },
      [],
    );
  }

  get view(): DirectoryView {
    return this.#view;
  }

  /** The founding entry, whose hash is the tenant id and whose writer is the root. */
  get founding(): VerifiedEntry | null {
    return this.#founding;
  }

  /** The tips of the directory's chains that no other chain has named, but for one's own: at most 64, ascending. */
  frontier(own: WriterKey | null): readonly EntryId[] {
    if (this.#frontier !== null && this.#frontier.own === own) return this.#frontier.heads;
    const name = own === null ? "" : toHex(own);
    const tips = [...this.#tips].filter(([writer, tip]) => writer !== name && !this.#covered.has(toHex(tip.id)));
    const heads = tips
      .map(([, tip]) => tip.id)
      .sort(compareBytes)
      .slice(0, 64);
    this.#frontier = { own, heads };
    return heads;
  }

  /** Reads everything the store holds. */
  async all(): Promise<DirectoryNews> {
    const runs: VerifiedRun[] = [];
    for await (const run of readAll(this.#entries, this.#context.platform.report)) runs.push(run);
    return this.read(runs);
  }

  /** Reads entries; a permit found in them may open earlier ones, which are then read again. */
  async read(runs: readonly VerifiedRun[]): Promise<DirectoryNews> {
    const entries = runs.flatMap((run) => run.entries);
    for (const entry of entries) this.#note(entry);
    const newKeys = await this.#findPermits(entries);
    const before = this.#placed.size + this.#certificates.size;
    await this.#open();
    this.#view = this.#build();
    const unauthentic = this.#confirmKeys();
    return { changed: this.#placed.size + this.#certificates.size !== before, newKeys, unauthentic };
  }

  #note(entry: VerifiedEntry): void {
    const writer = toHex(entry.header.writer);
    if (entry.header.type === entryType.change) return; // B3: no document entry speaks for the directory
    if (equalBytes(entry.id, this.#context.tenant)) this.#founding = entry;
    if (!this.#read.has(toHex(entry.id))) this.#read.set(toHex(entry.id), { entry, opened: false });
    const tip = this.#tips.get(writer);
    if (tip !== undefined && tip.header.seq >= entry.header.seq) return;
    this.#tips.set(writer, entry);
    this.#frontier = null;
  }

  async #findPermits(entries: readonly VerifiedEntry[]): Promise<boolean> {
    const { platform, ring, keys } = this.#context;
    let found = false;
    for (const entry of entries) {
      for (const kem of [keys.userKem, keys.deviceKem]) {
        for (const record of (await openPermits(platform.crypto, entry, kem)) ?? []) {
          // Until the permit's entry verifies up to the tenant id, what it opened serves only to read the directory.
          found = ring.add(await openKeyVersion(platform.crypto, record), "unconfirmed") || found;
        }
      }
    }
    return found;
  }

  async #open(): Promise<void> {
    const { platform, ring } = this.#context;
    const closed = [...this.#read.values()].filter(({ opened }) => !opened);
    const parts = await openEntries(
      platform.crypto,
      ring,
      closed.map(({ entry }) => entry),
      ["control", "statement"],
    );
    for (const [at, read] of closed.entries()) {
      const opened = parts[at] ?? [];
      read.opened = !opened.some(({ type }) => type === "no-key");
      for (const part of opened) if (part.type === "opened") await this.#take(read.entry, part);
    }
  }

  /** A part that is malformed counts for nothing, on every replica alike. */
  async #take(entry: VerifiedEntry, part: Opened): Promise<void> {
    try {
      if (part.kind === "control") await this.#control(entry, part);
      if (part.kind === "statement") this.#statement(entry, part);
    } catch (error) {
      if (!(error instanceof CoreError)) throw error;
    }
  }

  #statement(entry: VerifiedEntry, part: Opened): void {
    const { writer, seq } = entry.header;
    const id = statementId(this.#context.platform.crypto, entry.id, part.index);
    this.#placed.set(toHex(id), {
      id,
      entry: entry.id,
      part: part.index,
      writer,
      seq,
      statement: decodeStatement(part.plaintext),
    });
  }

  async #control(entry: VerifiedEntry, part: Opened): Promise<void> {
    const { seq, writer } = entry.header;
    const { certificate, frontier } = decodeControlPart(part.plaintext);
    for (const id of frontier ?? []) this.#covered.add(toHex(id));
    this.#frontier = null;
    if (seq !== 0 || certificate === null) return;
    const { platform, tenant } = this.#context;
    const [verified] = await verifyCertificates(platform.crypto, [
      { tenant, database: this.#database, writer, certificate },
    ]);
    if (verified) this.#certificates.set(toHex(writer), verified);
  }

  #build(): DirectoryView {
    const root = this.#founding?.header.writer ?? null;
    const statements: PlacedStatement[] = [];
    for (const placed of this.#placed.values()) {
      const certificate = this.#certificates.get(toHex(placed.writer)) ?? null;
      const byRoot = root !== null && equalBytes(placed.writer, root);
      if (byRoot || certificate !== null) statements.push({ ...placed, certificate: byRoot ? null : certificate });
    }
    const { platform, tenant } = this.#context;
    return buildDirectory(platform.crypto, { tenant, root, directory: this.#database }, statements);
  }

  /** A1: a key counts once a statement that counts commits to it; what nobody committed to is dropped. */
  #confirmKeys(): readonly Uint8Array[] {
    const { ring } = this.#context;
    const readable = this.#view.found !== null && [...this.#read.values()].every(({ opened }) => opened);
    const dropped: Uint8Array[] = [];
    for (const version of ring.unconfirmed()) {
      if (this.#view.commits(version.keyId, version.version)) ring.confirm(version);
      else if (readable) {
        ring.remove(version);
        dropped.push(version.keyId);
      }
    }
    return dropped;
  }
}
