import type { CryptoProvider } from "@selkie/crypto";
import {
  type DatabaseId,
  fromHex,
  parseKeyTag,
  type TenantId,
  toHex,
  type VerifiedEntry,
  type VerifiedRun,
  type WriterKey,
} from "@selkie/entry";
import { type EntryStore, hasHoles } from "@selkie/store";
import type { Admission, WriterVerdict } from "../directory/admission.ts";
import { CoreError } from "../errors.ts";
import { hexOf } from "../hex.ts";
import type { KeyRing } from "../keys/key-ring.ts";
import {
  type Certificate,
  type CertificateClaim,
  type ControlPart,
  decodeControlPart,
  type VerifiedCertificate,
  verifyCertificates,
  type WriterHead,
} from "../sealing/control-part.ts";
import { type OpenedPart, openEntries } from "../sealing/open-entry.ts";
import type { DirectoryClaim } from "../tenant/directory-claims.ts";
import { ClosedParts, type LatePlace } from "./closed-parts.ts";
import { readAll } from "./read-all.ts";

const SLICE = { entries: 256, bytes: 2 ** 20 };

/** A chain from some seq on. */
export interface ChainPlace {
  readonly writer: WriterKey;
  readonly from: number;
}

/** An entry of an admitted writer, with the parts this device could open. */
export interface Delivery {
  readonly entry: VerifiedEntry;
  readonly admission: Admission;
  readonly parts: readonly OpenedPart[];
}

/** Why an entry of an admitted writer, or a part of it, counts for nothing. */
export type EntryRefusalCode =
  | "BEHIND_FORK"
  | "BEYOND_CUT"
  | "BRANCH_LOST"
  | "CARRIED_INCOMPLETE"
  | "ENTRY_TYPE"
  | "PART_MISSING"
  | "WRITE_NOT_ENTITLED";

export interface IngestContext {
  readonly crypto: CryptoProvider;
  readonly tenant: TenantId;
  readonly database: DatabaseId;
  readonly entries: EntryStore;
  readonly ring: KeyRing;
  /** Whether the directory admits this writer, now. */
  judge(writer: WriterKey, certificate: VerifiedCertificate): WriterVerdict;
  /** Why an entry of an admitted writer counts for nothing, if so; asked again whenever a chain is replayed. */
  refusal(entry: VerifiedEntry, admission: Admission): EntryRefusalCode | null;
  /** Entries in chain order of each writer. */
  deliver(deliveries: readonly Delivery[]): void;
  /** Parts that could not be opened before: later ones of the same writer have been delivered. */
  deliverLate(deliveries: readonly Delivery[]): void;
  /** The store holds this run, as it is. */
  stored(run: VerifiedRun): void;
  /** An entry that counts says that its author has seen these. */
  heard(heads: readonly WriterHead[]): Promise<void>;
  /** An entry that counts names the directory heads that its author knew. */
  heardOfDirectory(claim: DirectoryClaim): Promise<void>;
  /** Gets a CHAIN_DAMAGED when the store has lost entries. */
  report(error: unknown): void;
  /** An entry that counts for nothing, with the reason. */
  quarantine(entry: VerifiedEntry, user: string, reason: string): void;
}

interface Writer {
  readonly key: WriterKey;
  verdict: Admission | "unknown" | "refused";
  /** The next seq to deliver. */
  next: number;
  /** Everything before it was delivered once; above `next` when the disk damaged some of it since. */
  delivered: number;
  /** The last seq of which a part was delivered. */
  opened: number;
}

interface Admitted {
  readonly entry: VerifiedEntry;
  readonly admission: Admission;
}

/**
 * From stored entries to opened parts: judges each writer by its certificate, opens in bulk, delivers in chain order. What the
 * directory or the keys do not allow yet stays in the store and is looked at again by `reconsider`; nothing is held in memory.
 */
export class Ingest {
  readonly #context: IngestContext;
  readonly #writers = new Map<string, Writer>();
  readonly #closed = new ClosedParts();
  /** The tags that could be opened when closed parts were last looked at. */
  #tags: ReadonlySet<string> = new Set();

  constructor(context: IngestContext) {
    this.#context = context;
  }

  /** Everything the store holds. */
  async all(): Promise<void> {
    const { entries, report, ring, database, stored } = this.#context;
    this.#tags = await ring.tags(database);
    for await (const run of readAll(entries, report)) {
      stored(run);
      await this.#run([run]);
    }
  }

  /** Runs that were just appended. */
  async run(runs: readonly VerifiedRun[]): Promise<void> {
    // What has a hole here may be whole in the store, where it came from elsewhere.
    await this.#run(runs.filter(({ entries }) => !entries.some(hasHoles)));
    // That, and what lies behind an entry that was damaged and came again, is in the store.
    for (const key of new Set(runs.map(({ writer }) => writer))) await this.#catchUp(this.#writer(key));
    await this.#late(this.#closed.filledBy(runs));
  }

  async #run(runs: readonly VerifiedRun[]): Promise<void> {
    const { quarantine, deliver, deliverLate } = this.#context;
    const ahead = new Map<Writer, number>();
    const due = runs.flatMap((run) => this.#due(run, ahead));
    if (due.length === 0) return;
    await this.#judge(due.filter(({ writer }) => writer.verdict === "unknown"));
    const admitted: Admitted[] = [];
    for (const { writer, entries } of due) {
      const { verdict } = writer;
      if (verdict === "unknown") ahead.delete(writer);
      else if (verdict === "refused") for (const entry of entries) quarantine(entry, "", "WRITER_REFUSED");
      else admitted.push(...this.#counting(entries, verdict));
    }
    const deliveries = await this.#open(admitted);
    await this.#hear(admitted);
    for (const { entry, parts } of deliveries) this.#note(entry, parts);
    const isAgain = ({ entry: { header } }: Delivery) => header.seq < this.#writer(header.writer).delivered;
    deliver(deliveries.filter((delivery) => !isAgain(delivery)));
    deliverLate(deliveries.filter(isAgain));
    // Only now: what could not be delivered is read again.
    for (const [writer, next] of ahead) this.#advance(writer, next);
  }

  /** This device's own entries: their content is applied already. */
  own(run: VerifiedRun, admission: Admission): void {
    const writer = this.#writer(run.writer);
    writer.verdict = admission;
    this.#advance(writer, run.firstSeq + run.entries.length);
    writer.opened = writer.next - 1;
  }

  /** The admitted writers, in the order in which a store is read. */
  writers(): readonly WriterKey[] {
    const admitted = [...this.#writers].filter(([, { verdict }]) => typeof verdict === "object");
    return admitted.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { key }]) => key);
  }

  /** Delivers once more what counts of a chain, from some place to where it stands. */
  async replay({ writer, from }: ChainPlace, deliver: IngestContext["deliver"]): Promise<void> {
    const chain = this.#writer(writer);
    const { next, verdict } = chain;
    if (typeof verdict !== "object") return;
    for (let seq = from; seq < next; ) {
      const run = await this.#context.entries.read(writer, seq, SLICE);
      if (run === null) {
        setBack(chain, seq);
        return;
      }
      const entries = run.entries.filter(({ header }) => header.seq < next);
      deliver(await this.#open(this.#counting(entries, verdict)));
      seq += run.entries.length;
    }
  }

  /** The directory or the keys changed: what waited for them goes on. */
  async reconsider(): Promise<void> {
    const { entries, ring, database } = this.#context;
    const vector = await entries.vector();
    for (const writer of this.#writers.values())
      if (writer.next <= (vector.get(toHex(writer.key))?.seq ?? -1)) await this.#catchUp(writer);
    const tags = await ring.tags(database);
    const fresh = [...tags].filter((tag) => !this.#tags.has(tag));
    this.#tags = tags;
    await this.#late(this.#closed.under(fresh.map((tag) => parseKeyTag(fromHex(tag)))));
  }

  /** Gives what was delivered of a chain from some place on, whether or not it counts. */
  async inspect({ writer, from }: ChainPlace, look: IngestContext["deliver"]): Promise<void> {
    const { next, verdict } = this.#writer(writer);
    if (typeof verdict !== "object") return;
    for (let seq = from; seq < next; ) {
      const run = await this.#context.entries.read(writer, seq, SLICE);
      if (run === null) return;
      const entries = run.entries.filter(({ header }) => header.seq < next);
      look(await this.#open(entries.map((entry) => ({ entry, admission: verdict }))));
      seq += run.entries.length;
    }
  }

  /** The store holds nothing any more of a chain from some place on, or something else. */
  setBack(writer: WriterKey, from: number): void {
    const chain = this.#writer(writer);
    setBack(chain, from);
    if (from === 0) chain.verdict = "unknown";
  }

  /** The admission of a writer, once it is admitted. */
  admissionOf(writer: WriterKey): Admission | null {
    const { verdict } = this.#writer(writer);
    return typeof verdict === "object" ? verdict : null;
  }

  /** Delivers what the store holds of a chain beyond what was delivered, as far as the chain is admitted. */
  async #catchUp(writer: Writer): Promise<void> {
    for (;;) {
      const { next } = writer;
      const run = await this.#context.entries.read(writer.key, next, SLICE);
      if (run === null) return;
      await this.#run([run]);
      if (writer.next === next) return;
    }
  }

  /** @param ahead where chains stand once the batch's earlier runs are delivered: a batch may hold a chain in several runs */
  #due(run: VerifiedRun, ahead: Map<Writer, number>): { writer: Writer; entries: readonly VerifiedEntry[] }[] {
    const writer = this.#writer(run.writer);
    const skip = (ahead.get(writer) ?? writer.next) - run.firstSeq;
    if (skip < 0 || skip >= run.entries.length) return [];
    ahead.set(writer, run.firstSeq + run.entries.length);
    return [{ writer, entries: skip === 0 ? run.entries : run.entries.slice(skip) }];
  }

  #advance(writer: Writer, next: number): void {
    writer.next = Math.max(writer.next, next);
    writer.delivered = Math.max(writer.delivered, writer.next);
  }

  #writer(key: WriterKey): Writer {
    const name = hexOf(key);
    const writer = this.#writers.get(name) ?? { key, verdict: "unknown", next: 0, delivered: 0, opened: -1 };
    this.#writers.set(name, writer);
    return writer;
  }

  async #judge(due: readonly { writer: Writer; entries: readonly VerifiedEntry[] }[]): Promise<void> {
    const { crypto, tenant, database, ring, judge } = this.#context;
    const firsts = due.flatMap(({ writer, entries }) => {
      const entry = entries[0];
      return entry?.header.seq === 0 ? [{ writer, entry }] : [];
    });
    const opened = await openEntries(
      crypto,
      ring,
      firsts.map(({ entry }) => entry),
      ["control"],
    );
    const claims: { writer: Writer; claim: CertificateClaim }[] = [];
    firsts.forEach(({ writer }, at) => {
      const certificate = certificateIn(opened[at] ?? []);
      if (certificate === "none") writer.verdict = "refused";
      if (typeof certificate === "object")
        claims.push({ writer, claim: { tenant, database, writer: writer.key, certificate } });
    });
    const verified = await verifyCertificates(
      crypto,
      claims.map(({ claim }) => claim),
    );
    claims.forEach(({ writer }, at) => {
      const certificate = verified[at] ?? null;
      const verdict: WriterVerdict =
        certificate === null ? { type: "refused", code: "CERTIFICATE_MISSING" } : judge(writer.key, certificate);
      if (verdict.type === "admitted") writer.verdict = verdict.admission;
      if (verdict.type === "refused") writer.verdict = "refused";
    });
  }

  /** The entries that count. */
  #counting(entries: readonly VerifiedEntry[], admission: Admission): readonly Admitted[] {
    const { refusal, quarantine } = this.#context;
    return entries.flatMap((entry) => {
      const reason = refusal(entry, admission);
      if (reason !== null) quarantine(entry, admission.name, reason);
      return reason === null ? [{ entry, admission }] : [];
    });
  }

  async #open(admitted: readonly Admitted[]): Promise<readonly Delivery[]> {
    if (admitted.length === 0) return [];
    const { crypto, ring } = this.#context;
    const entries = admitted.map(({ entry }) => entry);
    const opened = await openEntries(crypto, ring, entries, ["change"]);
    return admitted.map((item, at) => ({ ...item, parts: opened[at] ?? [] }));
  }

  /** What these entries say that their authors have seen. */
  async #hear(admitted: readonly Admitted[]): Promise<void> {
    const { crypto, ring, heard, heardOfDirectory } = this.#context;
    const said = admitted.filter(({ entry }) => entry.header.control);
    const entries = said.map(({ entry }) => entry);
    const opened = await openEntries(crypto, ring, entries, ["control"]);
    for (const [at, { entry, admission }] of said.entries()) {
      const [part] = opened[at] ?? [];
      if (part?.type === "no-key") await heardOfDirectory({ entry, admission, heads: [], tag: part.tag });
      const control = controlIn(part);
      if (control === null) continue;
      if (control.vector !== null) await heard(control.vector);
      if (control.frontier !== null) await heardOfDirectory({ entry, admission, heads: control.frontier, tag: null });
    }
  }

  /** D8: what does not open is remembered and left behind; it never stops the entries after it. */
  #note(entry: VerifiedEntry, parts: readonly OpenedPart[]): void {
    const writer = this.#writer(entry.header.writer);
    this.#closed.note(entry, parts);
    if (parts.some(({ type }) => type === "opened")) writer.opened = Math.max(writer.opened, entry.header.seq);
    if (parts.some(({ type }) => type === "undecryptable")) this.#context.quarantine(entry, "", "PART_UNDECRYPTABLE");
  }

  /** Opens parts that were closed when their entry was delivered. */
  async #late(places: readonly LatePlace[]): Promise<void> {
    const { deliver, deliverLate } = this.#context;
    for (const chain of Map.groupBy(places, ({ writer }) => toHex(writer)).values()) {
      const sorted = chain.toSorted((a, b) => a.seq - b.seq);
      const [first] = sorted;
      if (first === undefined) continue;
      const { opened } = this.#writer(first.writer);
      for await (const { place, delivery } of this.#openPlaces(first.writer, sorted)) {
        const { entry } = delivery;
        this.#note(entry, delivery.parts);
        const parts = delivery.parts.filter(({ index }) => place.wasClosed(entry, index));
        if (entry.header.seq > opened) deliver([{ ...delivery, parts }]);
        else deliverLate([{ ...delivery, parts }]);
      }
    }
  }

  async *#openPlaces(
    key: WriterKey,
    places: readonly LatePlace[],
  ): AsyncIterable<{ readonly place: LatePlace; readonly delivery: Delivery }> {
    const chain = this.#writer(key);
    const { verdict } = chain;
    let left = typeof verdict === "object" ? places : [];
    for (let [place] = left; place !== undefined && typeof verdict === "object"; [place] = left) {
      const run = await this.#context.entries.read(key, place.seq, SLICE);
      const end = place.seq + (run?.entries.length ?? 1);
      const first = place.seq;
      const chosen = left.filter(({ seq }) => seq < end);
      left = left.slice(chosen.length);
      if (run === null) {
        setBack(chain, first);
        return;
      }
      const entries = chosen.flatMap(({ seq }) => run.entries[seq - first] ?? []);
      const delivered = await this.#open(this.#counting(entries, verdict));
      for (const delivery of delivered) {
        const of = chosen.find(({ seq }) => seq === delivery.entry.header.seq);
        if (of !== undefined) yield { place: of, delivery };
      }
    }
  }
}

/** The disk damaged an entry since it was delivered, or it made room: from it on the chain is delivered again when it can be read. */
function setBack(chain: Writer, seq: number): void {
  chain.next = Math.min(chain.next, seq);
}

/** Null for none, and for what can't be read. */
function controlIn(control: OpenedPart | undefined): ControlPart | null {
  if (control?.type !== "opened" || control.kind !== "control") return null;
  try {
    return decodeControlPart(control.plaintext);
  } catch (error) {
    if (error instanceof CoreError) return null;
    throw error;
  }
}

function certificateIn(parts: readonly OpenedPart[]): Certificate | "closed" | "none" {
  const [control] = parts;
  if (control === undefined) return "none";
  if (control.type === "no-key") return "closed";
  if (control.type !== "opened" || control.kind !== "control") return "none";
  try {
    return decodeControlPart(control.plaintext).certificate ?? "none";
  } catch (error) {
    if (error instanceof CoreError) return "none"; // malformed: the writer is refused, on every replica alike
    throw error;
  }
}
