import type { CryptoProvider } from "@selkie/crypto";
import {
  type DatabaseId,
  entryType,
  equalBytes,
  type TenantId,
  toHex,
  type VerifiedEntry,
  type VerifiedRun,
  type WriterKey,
} from "@selkie/entry";
import type { EntryStore } from "@selkie/store";
import type { Admission, WriterVerdict } from "../directory/admission.ts";
import { CoreError } from "../errors.ts";
import type { KeyRing } from "../keys/key-ring.ts";
import {
  type Certificate,
  type CertificateClaim,
  decodeControlPart,
  type VerifiedCertificate,
  verifyCertificates,
} from "../sealing/control-part.ts";
import { groupOf, type OpenedPart, openEntries } from "../sealing/open-entry.ts";
import { readAll } from "./read-all.ts";

const SLICE = { entries: 256, bytes: 2 ** 20 };

/** An entry of an admitted writer, with the parts this device could open. */
export interface Delivery {
  readonly entry: VerifiedEntry;
  readonly admission: Admission;
  readonly parts: readonly OpenedPart[];
}

export interface IngestContext {
  readonly crypto: CryptoProvider;
  readonly tenant: TenantId;
  readonly database: DatabaseId;
  readonly entries: EntryStore;
  readonly ring: KeyRing;
  /** Whether the directory admits this writer, now. */
  judge(writer: WriterKey, certificate: VerifiedCertificate): WriterVerdict;
  /** Entries in chain order of each writer. */
  deliver(deliveries: readonly Delivery[]): void;
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
}

/**
 * From stored entries to opened parts: judges each writer by its certificate, opens in bulk, delivers in chain order. What the
 * directory or the keys do not allow yet stays in the store and is looked at again by `reconsider`; nothing is held in memory.
 */
export class Ingest {
  readonly #context: IngestContext;
  readonly #writers = new Map<string, Writer>();
  /** Entries with parts under keys this device does not have, by key tag. */
  readonly #parked = new Map<string, { writer: WriterKey; seq: number }[]>();
  #unopened = 0;

  constructor(context: IngestContext) {
    this.#context = context;
  }

  /** Parts that stay closed for want of a key or because they are damaged. */
  get unopened(): number {
    return this.#unopened;
  }

  /** Everything the store holds. */
  async all(): Promise<void> {
    const { entries, report } = this.#context;
    for await (const run of readAll(entries, report)) await this.#run([run]);
  }

  /** Runs that were just appended. */
  async run(runs: readonly VerifiedRun[]): Promise<void> {
    await this.#run(runs);
    // Behind an entry that was damaged and came again, the store has held the rest of the chain all along.
    for (const key of new Set(runs.map(({ writer }) => writer))) await this.#catchUp(this.#writer(key));
  }

  async #run(runs: readonly VerifiedRun[]): Promise<void> {
    const ahead = new Map<Writer, number>();
    const due = runs.flatMap((run) => this.#due(run, ahead));
    if (due.length === 0) return;
    await this.#judge(due.filter(({ writer }) => writer.verdict === "unknown"));
    const admitted: { entry: VerifiedEntry; admission: Admission }[] = [];
    for (const { writer, entries } of due) {
      const last = entries.at(-1);
      if (last === undefined || writer.verdict === "unknown") continue;
      writer.next = last.header.seq + 1;
      for (const entry of entries) {
        if (writer.verdict === "refused") this.#context.quarantine(entry, "", "WRITER_REFUSED");
        else if (entry.header.type !== entryType.change)
          this.#context.quarantine(entry, writer.verdict.name, "ENTRY_TYPE");
        else admitted.push({ entry, admission: writer.verdict });
      }
    }
    await this.#deliver(admitted, (entry, parts) => this.#readable(entry, parts));
  }

  /** This device's own entries: their content is applied already. */
  own(run: VerifiedRun, admission: Admission): void {
    const writer = this.#writer(run.writer);
    writer.verdict = admission;
    writer.next = run.firstSeq + run.entries.length;
  }

  /** Delivers a chain once more from `from` to where it stands: some of its changes found no room to wait. */
  async again(key: WriterKey, from: number): Promise<void> {
    const { next, verdict } = this.#writer(key);
    if (typeof verdict !== "object") return;
    for (let seq = from; seq < next; ) {
      const run = await this.#context.entries.read(key, seq, SLICE);
      if (run === null) return;
      const entries = run.entries.filter(({ header }) => header.type === entryType.change && header.seq < next);
      await this.#deliver(
        entries.map((entry) => ({ entry, admission: verdict })),
        (_, parts) => parts,
      );
      seq += run.entries.length;
    }
  }

  /** The directory or the keys changed: what waited for them goes on. */
  async reconsider(): Promise<void> {
    const vector = await this.#context.entries.vector();
    for (const writer of this.#writers.values())
      if (writer.next <= (vector.get(toHex(writer.key))?.seq ?? -1)) await this.#catchUp(writer);
    await this.#unpark();
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

  #writer(key: WriterKey): Writer {
    const name = toHex(key);
    const writer = this.#writers.get(name) ?? { key, verdict: "unknown", next: 0 };
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

  async #deliver(
    admitted: readonly { entry: VerifiedEntry; admission: Admission }[],
    readable: (entry: VerifiedEntry, parts: readonly OpenedPart[]) => readonly OpenedPart[],
  ): Promise<void> {
    const { crypto, ring, deliver } = this.#context;
    if (admitted.length === 0) return;
    const opened = await openEntries(
      crypto,
      ring,
      admitted.map(({ entry }) => entry),
      ["change"],
    );
    deliver(
      admitted.map(({ entry, admission }, at) => ({
        entry,
        admission,
        parts: readable(entry, opened[at] ?? []),
      })),
    );
  }

  /** D8: what does not open is counted and left behind; it never stops the entries after it. */
  #readable(entry: VerifiedEntry, parts: readonly OpenedPart[]): readonly OpenedPart[] {
    for (const part of parts) {
      if (part.type === "no-key") {
        const waiting = this.#parked.get(toHex(part.tag)) ?? [];
        // One place for all parts of an entry: they are read again together.
        const { writer, seq } = entry.header;
        if (waiting.at(-1)?.seq !== seq || !equalBytes(waiting.at(-1)?.writer ?? writer, writer))
          waiting.push({ writer, seq });
        this.#parked.set(toHex(part.tag), waiting);
      }
      if (part.type === "no-key" || part.type === "undecryptable") this.#unopened += 1;
      if (part.type === "undecryptable") this.#context.quarantine(entry, "", "PART_UNDECRYPTABLE");
    }
    return parts;
  }

  async #unpark(): Promise<void> {
    const { crypto, database, entries, ring, deliver } = this.#context;
    for (const [tag, places] of this.#parked) {
      if ((await ring.findHex(database, tag)) === undefined) continue;
      this.#parked.delete(tag);
      for (const { writer, seq } of places) {
        const run = await entries.read(writer, seq, { entries: 1, bytes: SLICE.bytes });
        const entry = run?.entries[0];
        const verdict = this.#writers.get(toHex(writer))?.verdict;
        if (entry === undefined || typeof verdict !== "object") continue;
        const [parts = []] = await openEntries(crypto, ring, [entry], ["change"]);
        const waited = parts.filter(
          ({ type, index }) => type !== "hole" && groupOf(entry, tableOf(entry, index)).some((of) => toHex(of) === tag),
        );
        this.#unopened -= waited.length;
        // Under several versions at once a part may wait for the next of them.
        const late = this.#readable(entry, waited).filter(({ type }) => type === "opened");
        deliver([{ entry, admission: verdict, parts: late }]);
      }
    }
  }
}

const tableOf = (entry: VerifiedEntry, index: number): number => entry.parts[index]?.table ?? -1;

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
