import {
  fromHex,
  type Head,
  parseKeyTag,
  parseWriterKey,
  toHex,
  type Vector,
  type VerifiedEntry,
  type VerifiedRun,
  type WriterKey,
} from "@selkie/entry";
import { type EntryStore, hasHoles } from "@selkie/store";
import type { Admission } from "../directory/admission.ts";
import { type OpenedPart, openEntries } from "../sealing/open-entry.ts";
import type { SealedKind } from "../sealing/part-cipher.ts";
import { ClosedParts, type LatePlace } from "./closed-parts.ts";
import type { ChainPlace, Delivery, EntryRefusalCode } from "./delivery.ts";
import { type Admitted, hearEntries, type Listener } from "./hear-entries.ts";
import { authorsOf, type ChainJudge, judgeChains } from "./judge-chains.ts";
import type { QuarantineReason } from "./quarantine.ts";
import { readAll } from "./read-all.ts";
import { advance, type ReadChain, ReadChains, setBack } from "./read-chains.ts";

const SLICE = { entries: 256, bytes: 2 ** 20 };
/** About as many parts are opened between two pauses. */
const PIECE_PARTS = 128;
/** A part may hold 2,000 changes: between two pauses pass about as many, and those of one entry. */
const PIECE_CHANGES = 512;

type Pause = (entries: number) => Promise<void>;
type Look = (deliveries: readonly Delivery[]) => void;

export interface IngestContext extends ChainJudge, Listener {
  readonly entries: EntryStore;
  /** Which parts are opened. */
  readonly opens: readonly SealedKind[];
  /** Why an entry of an admitted writer counts for nothing, if so; asked again whenever a chain is replayed. */
  refusal(entry: VerifiedEntry, admission: Admission): EntryRefusalCode | null;
  /** Entries in chain order of each writer. @returns how many changes passed */
  deliver(deliveries: readonly Delivery[]): number;
  /** Parts that could not be opened before: later ones of the same writer have been delivered. */
  deliverLate(deliveries: readonly Delivery[]): void;
  /** The store holds this run, as it is. */
  stored(run: VerifiedRun): void;
  /** Parts of an entry are holes; again when keys came that may be theirs. */
  holed(entry: VerifiedEntry): void;
  /** Gets a CHAIN_DAMAGED when the store has lost entries. */
  report(error: unknown): void;
  /** An entry that counts for nothing, with the reason. */
  quarantine(entry: VerifiedEntry, user: string, reason: QuarantineReason): void;
}

/**
 * From stored entries to opened parts: judges each writer by its certificate, opens in bulk, delivers in chain order. What the
 * directory or the keys do not allow yet stays in the store and is looked at again by `reconsider`; nothing is held in memory.
 */
export class Ingest {
  readonly #context: IngestContext;
  readonly #chains = new ReadChains();
  readonly #closed = new ClosedParts();
  /** The tags that could be opened when closed parts were last looked at. */
  #tags: ReadonlySet<string> = new Set();

  constructor(context: IngestContext) {
    this.#context = context;
  }

  /** Everything the store holds. @param pause called after every few entries, with their number, and within them after many changes */
  async all(pause: Pause): Promise<void> {
    const { entries, report, ring, database, stored } = this.#context;
    this.#tags = await ring.tags(database);
    for await (const run of readAll(entries, report)) {
      stored(run);
      for (const piece of piecesOf(run)) {
        await this.#run([piece], pause);
        await pause(piece.entries.length);
      }
    }
  }

  /**
   * Whether all that a store of this vector holds was delivered, as far as it is admitted, and opened with these keys.
   * @param isOwn whether a chain was begun here since the store was read: its entries are not
   */
  isCaughtUp(vector: Vector, tags: ReadonlySet<string>, isOwn: (writer: WriterKey) => boolean): boolean {
    const isOpen = tags.size === this.#tags.size && [...tags].every((tag) => this.#tags.has(tag));
    return isOpen && [...vector].every(([name, head]) => this.#isDelivered(parseWriterKey(fromHex(name)), head, isOwn));
  }

  /** Runs that were just appended. */
  async run(runs: readonly VerifiedRun[]): Promise<void> {
    // What has a hole here may be whole in the store, where it came from elsewhere.
    await this.#run(runs.filter(({ entries }) => !entries.some(hasHoles)));
    // That, and what lies behind an entry that was damaged and came again, is in the store.
    for (const key of new Set(runs.map(({ writer }) => writer))) await this.#catchUp(this.#chains.of(key));
    await this.#late(this.#closed.filledBy(runs));
  }

  async #run(runs: readonly VerifiedRun[], pause: Pause | null = null): Promise<void> {
    const { quarantine, deliver, deliverLate } = this.#context;
    const ahead = new Map<ReadChain, number>();
    const due = runs.flatMap((run) => this.#due(run, ahead));
    if (due.length === 0) return;
    const begun = due.flatMap(({ chain, entries }) =>
      chain.verdict === "unknown" ? [{ key: chain.key, entries }] : [],
    );
    for (const [key, verdict] of await judgeChains(this.#context, begun)) this.#chains.of(key).verdict = verdict;
    const admitted: Admitted[] = [];
    for (const { chain, entries } of due) {
      const { verdict } = chain;
      if (verdict === "unknown") ahead.delete(chain);
      else if (verdict === "refused") for (const entry of entries) quarantine(entry, "", "WRITER_REFUSED");
      else admitted.push(...this.#counting(entries, verdict));
    }
    const deliveries = await this.#open(admitted);
    await hearEntries(this.#context, admitted);
    for (const { entry, parts } of deliveries) this.#note(entry, parts);
    const [first, again]: [Delivery[], Delivery[]] = [[], []];
    for (const delivery of deliveries) {
      const { writer, seq } = delivery.entry.header;
      (seq < this.#chains.of(writer).delivered ? again : first).push(delivery);
    }
    if (pause === null) deliver(first);
    else await this.#deliverSlowly(first, pause);
    deliverLate(again);
    // Only now: what could not be delivered is read again.
    for (const [chain, next] of ahead) advance(chain, next);
  }

  async #deliverSlowly(deliveries: readonly Delivery[], pause: Pause): Promise<void> {
    let passed = 0;
    for (const delivery of deliveries) {
      passed += this.#context.deliver([delivery]);
      if (passed < PIECE_CHANGES) continue;
      await pause(0);
      passed = 0;
    }
  }

  /** This device's own entries: their content is applied already. @returns whose the chain is: of one that is known it stays */
  own(run: VerifiedRun, admission: () => Admission): Admission {
    const chain = this.#chains.of(run.writer);
    const owner = typeof chain.verdict === "object" ? chain.verdict : admission();
    chain.verdict = owner;
    advance(chain, run.firstSeq + run.entries.length);
    chain.opened = chain.next - 1;
    return owner;
  }

  /** The admitted writers, in the order in which a store is read. */
  writers(): readonly WriterKey[] {
    return this.#chains.admitted();
  }

  /** Delivers once more what counts of a chain, from some place to where it stands. @returns how many entries that are */
  async replay({ writer, from }: ChainPlace, deliver: Look): Promise<number> {
    const chain = this.#chains.of(writer);
    const { next, verdict } = chain;
    if (typeof verdict !== "object") return 0;
    for (let seq = from; seq < next; ) {
      const run = await this.#context.entries.read(writer, seq, SLICE);
      if (run === null) {
        setBack(chain, seq);
        return seq - from;
      }
      const entries = run.entries.filter(({ header }) => header.seq < next);
      deliver(await this.#open(this.#counting(entries, verdict)));
      seq += run.entries.length;
    }
    return Math.max(0, next - from);
  }

  /** The directory or the keys changed: what waited for them goes on. */
  async reconsider(): Promise<void> {
    const { entries, ring, database } = this.#context;
    const vector = await entries.vector();
    for (const chain of this.#chains.all())
      if (chain.next <= (vector.get(toHex(chain.key))?.seq ?? -1)) await this.#catchUp(chain);
    const tags = await ring.tags(database);
    const fresh = [...tags].filter((tag) => !this.#tags.has(tag));
    this.#tags = tags;
    await this.#late(this.#closed.under(fresh.map((tag) => parseKeyTag(fromHex(tag)))));
  }

  /** Gives what was delivered of a chain from some place on, whether or not it counts. */
  async inspect({ writer, from }: ChainPlace, look: Look): Promise<void> {
    const { next, verdict } = this.#chains.of(writer);
    if (typeof verdict !== "object") return;
    for (let seq = from; seq < next; ) {
      const run = await this.#context.entries.read(writer, seq, SLICE);
      if (run === null) return;
      const entries = run.entries.filter(({ header }) => header.seq < next);
      look(await this.#open(entries.map((entry) => ({ entry, admission: verdict }))));
      seq += run.entries.length;
    }
  }

  /** Parts of an entry that was delivered are to come again. */
  miss(entry: VerifiedEntry): void {
    this.#note(
      entry,
      entry.parts.flatMap(({ type }, index) => (type === "hole" ? [{ type, index }] : [])),
    );
  }

  /** The store holds nothing any more of a chain from some place on, or something else. */
  setBack(writer: WriterKey, from: number): void {
    const chain = this.#chains.of(writer);
    setBack(chain, from);
    if (from === 0) chain.verdict = "unknown";
  }

  /** The admission of a writer, once it is admitted. */
  admissionOf(writer: WriterKey): Admission | null {
    const verdict = this.#chains.find(writer)?.verdict;
    return typeof verdict === "object" ? verdict : null;
  }

  /** Whose the chains are that these first entries begin, as far as the directory lets them in; by writer in hex. */
  authorsOf(firsts: readonly VerifiedEntry[]): Promise<ReadonlyMap<string, Admission>> {
    return authorsOf(this.#context, firsts);
  }

  /** Delivers what the store holds of a chain beyond what was delivered, as far as the chain is admitted. */
  async #catchUp(chain: ReadChain): Promise<void> {
    for (;;) {
      const { next } = chain;
      const run = await this.#context.entries.read(chain.key, next, SLICE);
      if (run === null) return;
      await this.#run([run]);
      if (chain.next === next) return;
    }
  }

  /** @param ahead where chains stand once the batch's earlier runs are delivered: a batch may hold a chain in several runs */
  #due(run: VerifiedRun, ahead: Map<ReadChain, number>): { chain: ReadChain; entries: readonly VerifiedEntry[] }[] {
    const chain = this.#chains.of(run.writer);
    const skip = (ahead.get(chain) ?? chain.next) - run.firstSeq;
    if (skip < 0 || skip >= run.entries.length) return [];
    ahead.set(chain, run.firstSeq + run.entries.length);
    return [{ chain, entries: skip === 0 ? run.entries : run.entries.slice(skip) }];
  }

  /** Of a chain that was never read, and is not of this device, nothing is: it was stored just now. */
  #isDelivered(writer: WriterKey, { seq }: Head, isOwn: (writer: WriterKey) => boolean): boolean {
    const chain = this.#chains.find(writer);
    if (chain === undefined) return isOwn(writer);
    return typeof chain.verdict !== "object" || chain.next > seq;
  }

  /** The entries that count. */
  #counting(entries: readonly VerifiedEntry[], admission: Admission): readonly Admitted[] {
    const { refusal, quarantine } = this.#context;
    const counting: Admitted[] = [];
    for (const entry of entries) {
      const reason = refusal(entry, admission);
      if (reason === null) counting.push({ entry, admission });
      else quarantine(entry, admission.name, reason);
    }
    return counting;
  }

  async #open(admitted: readonly Admitted[]): Promise<readonly Delivery[]> {
    if (admitted.length === 0) return [];
    const { crypto, ring, opens } = this.#context;
    const entries = admitted.map(({ entry }) => entry);
    const opened = await openEntries(crypto, ring, entries, opens);
    return admitted.map(({ entry, admission }, at) => ({ entry, admission, parts: opened[at] ?? [] }));
  }

  /** D8: what does not open is remembered and left behind; it never stops the entries after it. */
  #note(entry: VerifiedEntry, parts: readonly OpenedPart[]): void {
    const chain = this.#chains.of(entry.header.writer);
    this.#closed.note(entry, parts);
    let [isHoled, isUndecryptable] = [false, false];
    for (const { type } of parts) {
      if (type === "opened") chain.opened = Math.max(chain.opened, entry.header.seq);
      if (type === "hole") isHoled = true;
      if (type === "undecryptable") isUndecryptable = true;
    }
    if (isHoled) this.#context.holed(entry);
    if (isUndecryptable) this.#context.quarantine(entry, "", "PART_UNDECRYPTABLE");
  }

  /** Opens parts that were closed when their entry was delivered. */
  async #late(places: readonly LatePlace[]): Promise<void> {
    const { deliver, deliverLate } = this.#context;
    for (const chain of Map.groupBy(places, ({ writer }) => toHex(writer)).values()) {
      const sorted = chain.toSorted((a, b) => a.seq - b.seq);
      const [first] = sorted;
      if (first === undefined) continue;
      const { opened } = this.#chains.of(first.writer);
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
    const chain = this.#chains.of(key);
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

/** A run in pieces of not too many parts. */
function* piecesOf(run: VerifiedRun): Iterable<VerifiedRun> {
  let [from, parts] = [0, 0];
  for (const [at, entry] of run.entries.entries()) {
    parts += entry.parts.length;
    if (parts < PIECE_PARTS && at + 1 < run.entries.length) continue;
    yield { ...run, firstSeq: run.firstSeq + from, entries: run.entries.slice(from, at + 1) };
    [from, parts] = [at + 1, 0];
  }
}
