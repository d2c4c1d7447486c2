import type { CryptoProvider, SecretKey, SigningKey } from "@selkie/crypto";
import {
  compareBytes,
  concatBytes,
  type DatabaseId,
  type EntryId,
  type EntryType,
  entrySize,
  equalBytes,
  type IdentifiedEntry,
  limits,
  parseEntryId,
  parseWriterKey,
  type StatementId,
  type TenantId,
  toHex,
  type VerifiedRun,
  type WriterKey,
  ZERO_ENTRY_ID,
} from "@selkie/entry";
import type { EntryStore, InstanceId } from "@selkie/store";
import { CborFields, type CborValue, encodeCbor } from "../cbor.ts";
import { CoreError } from "../errors.ts";
import type { KeyVersion } from "../keys/key-version.ts";
import type { LocalState, SealedRow } from "../local/local-state.ts";
import {
  type Certificate,
  type CertificateClaim,
  type ControlPart,
  encodeControlPart,
  signCertificate,
} from "../sealing/control-part.ts";
import { type PartDraft, sealEntry, signRun } from "../sealing/seal-entry.ts";
import type { VectorSource } from "./seen-heads.ts";

/** Who writes, where, and with what: fixed for one open database on this device. */
export interface WriterContext {
  readonly crypto: CryptoProvider;
  readonly tenant: TenantId;
  readonly database: DatabaseId;
  readonly type: EntryType;
  readonly entries: EntryStore;
  readonly local: LocalState;
  readonly instance: InstanceId;
  /** Key of the row of local state that keeps where this chain stands. */
  readonly row: Uint8Array;
  /** The device's 32-byte secret that writer keys derive from, and the key that certifies them. */
  readonly deviceSecret: SecretKey;
  readonly deviceKey: SigningKey;
  /** The statement that admits this device, and the key control parts are sealed under: known once the directory is. */
  admission(): StatementId;
  directoryKey(): KeyVersion;
  /** What this device has seen of others, for the vectors it says; null where it says none. */
  readonly seen: VectorSource | null;
  /** ms since the epoch. */
  now(): number;
  /** Gets a CHAIN_DAMAGED when entries that this device has written are gone. */
  report(error: unknown): void;
}

interface Head {
  readonly writer: WriterKey;
  readonly seq: number;
  readonly id: EntryId;
}

interface Incarnation {
  readonly id: Uint8Array;
  readonly key: SigningKey;
  readonly writer: WriterKey;
  readonly secret: SecretKey;
  readonly previous: Head | null;
  /** The next entry's place. */
  seq: number;
  prev: EntryId;
  frontier: readonly EntryId[];
  /** The next document counter. */
  counter: number;
}

/** The parts of entries that stand behind one with this id. */
export type FollowingEntries = (first: EntryId) => Promise<readonly (readonly PartDraft[])[]>;

/** Entries sealed and signed but not yet durable, and the row that must become durable with them. */
export interface SealedEntries {
  /** Consecutive; several when one signature may not cover them all. */
  readonly runs: readonly VerifiedRun[];
  /** Of each entry of the runs, in order, its parts before they were sealed. */
  readonly drafts: readonly (readonly PartDraft[])[];
  readonly row: SealedRow;
  /** What the chain's certificate names, when its first entry is among them; null when it began before. */
  readonly admission: StatementId | null;
  /** Moves the chain on; called once both are durable. */
  advance(): void;
}

/**
 * This device's append-only chain in one database.
 * INVARIANT: no (writer, seq) is ever used twice. A chain goes on only while the store can vouch that nobody wrote since
 * (`Store.instance`); in every doubtful case a new incarnation with its own writer key begins (packages/sim/test/attacks/b11-copied-and-restored-stores.test.ts).
 */
export class WriterChain {
  readonly #context: WriterContext;
  #current: Incarnation | null = null;
  #last: Head | null = null;

  private constructor(context: WriterContext) {
    this.#context = context;
  }

  /** Reads the chain's state; begins nothing before the first write. */
  static async open(context: WriterContext): Promise<WriterChain> {
    const chain = new WriterChain(context);
    const row = await context.local.recall(context.row);
    if (row !== undefined) await chain.#resume(row);
    return chain;
  }

  /** The key this device writes under now, beginning an incarnation when there is none. */
  async writer(): Promise<WriterKey> {
    return (await this.#incarnation()).writer;
  }

  /** Leaves the incarnation there is for a new one. */
  async begin(): Promise<WriterKey> {
    if (this.#current !== null) this.#last = headOf(this.#current);
    this.#current = null;
    return this.writer();
  }

  /** The writer key if an incarnation has begun. */
  get current(): WriterKey | null {
    return this.#current?.writer ?? null;
  }

  /** Where the next entry will stand. */
  async next(): Promise<{ readonly writer: WriterKey; readonly seq: number }> {
    const { writer, seq } = await this.#incarnation();
    return { writer, seq };
  }

  /** What certifies this chain. */
  async claim(): Promise<CertificateClaim> {
    const { tenant, database } = this.#context;
    const incarnation = await this.#incarnation();
    const certificate = await this.#certificate(incarnation, this.#context.admission());
    return { tenant, database, writer: incarnation.writer, certificate };
  }

  /** Takes the next document counter; it becomes durable with the journal row or entry that uses it. */
  async takeCounter(): Promise<number> {
    return (await this.takeCounters(1)).first;
  }

  /** The same for so many documents, and whose counters they are. */
  async takeCounters(count: number): Promise<{ readonly writer: WriterKey; readonly first: number }> {
    const incarnation = await this.#incarnation();
    const first = incarnation.counter;
    incarnation.counter += count;
    return { writer: incarnation.writer, first };
  }

  /** Counters up to this one are in use: the journal held a document that the writer row didn't know yet. */
  reserveCounter(counter: number): void {
    if (this.#current !== null) this.#current.counter = Math.max(this.#current.counter, counter + 1);
  }

  /** The row that lets this incarnation go on after a clean close. */
  async row(): Promise<SealedRow> {
    const incarnation = await this.#incarnation();
    return this.#sealRow(incarnation, incarnation.seq, incarnation.prev, incarnation.frontier);
  }

  /**
   * Seals one entry for each list of parts, and signs as few of them as the format allows. Nothing moves until `advance`. Part 0 is a
   * control part when the frontier is new, or always.
   *
   * @param following the entries behind these, where what they say follows from the id of the first
   */
  async seal(
    entries: readonly (readonly PartDraft[])[],
    frontier: readonly EntryId[],
    saying: "when-new" | "always" = "when-new",
    following: FollowingEntries = async () => [],
  ): Promise<SealedEntries> {
    const { crypto, database, type } = this.#context;
    const incarnation = await this.#incarnation();
    const sealed: IdentifiedEntry[] = [];
    const drafts: (readonly PartDraft[])[] = [];
    let { seq, prev, frontier: known } = incarnation;
    const now = this.#context.now();
    let vector = this.#context.seen?.due(incarnation.writer, seq === 0, now) ?? null;
    const told = vector;
    const admission = seq === 0 ? this.#context.admission() : null;
    const due = [...entries];
    // The list grows while it is walked.
    for (const parts of due) {
      const silent = saying === "when-new" && seq > 0 && sameFrontier(known, frontier);
      const certificate = seq === 0 && admission !== null ? await this.#certificate(incarnation, admission) : null;
      const control = this.#control({ certificate, frontier: silent ? null : frontier, vector });
      const all = control === null ? parts : [control, ...parts];
      vector = null;
      const at = { type, database, writer: incarnation.writer, writerSecret: incarnation.secret, seq, prev };
      const entry = await sealEntry(crypto, at, all);
      sealed.push(entry);
      drafts.push(all);
      seq += 1;
      prev = entry.id;
      known = frontier;
      if (sealed.length === 1) due.push(...(await following(entry.id)));
    }
    const runs = await Promise.all(divide(sealed).map((some) => signRun(crypto, incarnation.key, some)));
    const row = await this.#sealRow(incarnation, seq, prev, known);
    const advance = () => {
      Object.assign(incarnation, { seq, prev, frontier: known });
      if (told !== null) this.#context.seen?.told(incarnation.writer, told, now);
    };
    return { runs, drafts, row, admission, advance };
  }

  async #incarnation(): Promise<Incarnation> {
    if (this.#current === null) {
      const { crypto } = this.#context;
      const incarnation = await this.#derive(crypto.randomBytes(16));
      this.#current ??= { ...incarnation, previous: this.#last, seq: 0, prev: ZERO_ENTRY_ID, frontier: [], counter: 0 };
    }
    return this.#current;
  }

  async #derive(id: Uint8Array): Promise<Pick<Incarnation, "id" | "key" | "writer" | "secret">> {
    const { crypto, database, deviceSecret } = this.#context;
    const info = concatBytes(database, id);
    const [seed, salts] = await Promise.all([
      crypto.derive(deviceSecret, "derive-writer-key", info, 32),
      crypto.derive(deviceSecret, "derive-writer-salt-key", info, 32),
    ]);
    const [key, secret] = await Promise.all([crypto.importSigningKey(seed), crypto.importSecret(salts)]);
    return { id, key, writer: parseWriterKey(key.publicKey), secret };
  }

  #control({ certificate, frontier, vector }: ControlPart): PartDraft | null {
    if (frontier === null && vector === null) return null;
    const { directoryKey } = this.#context;
    const heads = frontier?.toSorted(compareBytes) ?? null;
    const plaintext = encodeControlPart({ certificate, frontier: heads, vector });
    return { kind: "control", key: directoryKey(), plaintext };
  }

  async #certificate({ writer, id, previous }: Incarnation, admission: StatementId): Promise<Certificate> {
    const { crypto, tenant, database, deviceKey } = this.#context;
    const chain = { tenant, database, writer, admission, incarnation: id, previous };
    return await signCertificate(crypto, deviceKey, chain);
  }

  async #sealRow(
    incarnation: Incarnation,
    seq: number,
    prev: EntryId,
    frontier: readonly EntryId[],
  ): Promise<SealedRow> {
    const { local, row, instance } = this.#context;
    const before = incarnation.previous;
    const previous = before === null ? [] : [before.writer, before.seq, before.id];
    const value = encodeCbor([instance, incarnation.id, seq, prev, incarnation.counter, frontier, previous]);
    return local.seal(row, value);
  }

  async #resume(row: Uint8Array): Promise<void> {
    const { entries, instance, report } = this.#context;
    const fields = CborFields.decode(row, "LOCAL_STATE_DAMAGED");
    const owner = fields.bytes(16);
    const id = fields.bytes(16);
    const seq = fields.number();
    const prev = parseEntryId(fields.bytes(32));
    const counter = fields.number();
    const frontier = fields
      .list(64)
      .map((head) => parseEntryId(new CborFields([head], "LOCAL_STATE_DAMAGED").bytes(32)));
    const previous = decodePrevious(fields.list(3));
    fields.end();
    const derived = await this.#derive(id);
    const stored = (await entries.vector()).get(toHex(derived.writer));
    const tip = stored ?? { seq: -1, id: ZERO_ENTRY_ID };
    this.#last = stored === undefined ? previous : { writer: derived.writer, seq: tip.seq, id: tip.id };
    // The row and the entries are one transaction: fewer entries than it counts were lost by the disk.
    if (tip.seq < seq - 1) report(new CoreError("CHAIN_DAMAGED", "entries of this device are damaged on its disk"));
    // SECURITY: B11. The row is trusted only in the very store instance that wrote it, and only if it names the chain's tip. Test: incarnation.test.ts.
    if (!equalBytes(owner, instance) || tip.seq !== seq - 1 || !equalBytes(tip.id, prev)) return;
    this.#current = { ...derived, previous, seq, prev, frontier, counter };
  }
}

/** Consecutive entries in as few runs as their signatures allow: each covers what lies before it, within the limits of the format. */
function divide(entries: readonly IdentifiedEntry[]): readonly (readonly IdentifiedEntry[])[] {
  const runs: IdentifiedEntry[][] = [];
  let unsigned = Number.POSITIVE_INFINITY;
  for (const entry of entries) {
    const run = runs.at(-1);
    const size = entrySize(entry);
    if (run === undefined || unsigned > limits.gapBytes || run.length > limits.gapEntries) {
      runs.push([entry]);
      unsigned = size;
    } else {
      run.push(entry);
      unsigned += size;
    }
  }
  return runs;
}

/** Where the next incarnation follows on: this one's last entry, or what it followed on itself before it had one. */
function headOf({ writer, seq, prev, previous }: Incarnation): Head | null {
  return seq === 0 ? previous : { writer, seq: seq - 1, id: prev };
}

function decodePrevious(items: readonly CborValue[]): Head | null {
  if (items.length === 0) return null;
  const fields = new CborFields(items, "LOCAL_STATE_DAMAGED");
  const head = { writer: parseWriterKey(fields.bytes(32)), seq: fields.number(), id: parseEntryId(fields.bytes(32)) };
  fields.end();
  return head;
}

function sameFrontier(a: readonly EntryId[], b: readonly EntryId[]): boolean {
  return a.length === b.length && a.every((id, at) => equalBytes(id, b[at] ?? ZERO_ENTRY_ID));
}
