import type { Plaintext } from "@selkie/crypto";
import { type EntryId, equalBytes, type TenantId, type WriterKey } from "@selkie/entry";
import type { Store } from "@selkie/store";
import type { ChangeChunk } from "../automerge/change-chunk.ts";
import { stemIn } from "../document/doc-id.ts";
import type { DocumentRecord } from "../document/document-record.ts";
import type { OwnChanges } from "../document/own-changes.ts";
import { CoreError } from "../errors.ts";
import type { Journal } from "../journal/journal.ts";
import type { JournalRow } from "../journal/journal-row.ts";
import { fitsOneEntry, planEntries } from "../journal/plan-entries.ts";
import type { KeyVersion } from "../keys/key-version.ts";
import type { SealedRow } from "../local/local-state.ts";
import type { Platform } from "../platform.ts";
import { type ChangeKind, claimedTime } from "../sealing/change-part.ts";
import { withContents } from "../sealing/contents-part.ts";
import type { PartDraft } from "../sealing/seal-entry.ts";
import { Serial } from "../serial.ts";
import { SharedLock } from "../shared-lock.ts";
import { commitSealed } from "../tenant/own-chain.ts";
import type { WriteCheck } from "../tenant/write-check.ts";
import type { SealedEntries, WriterChain } from "../writer/writer-chain.ts";

/** How often keys are made fit for one flush. What is not then is sealed under what this device made last. */
const TRIES = 3;
/** Changes of one flush; more go into the next run, so that a run stays within its limits. */
const FLUSH_ROWS = 4_096;

/** What is looked at, and done, before something is written or sealed. */
export type WriteChecks = Pick<WriteCheck, "isReady" | "prepare" | "isFit" | "settle">;

export interface LocalWritesContext {
  readonly platform: Platform;
  readonly tenant: TenantId;
  readonly store: Store;
  readonly chain: WriterChain;
  readonly journal: Journal;
  readonly ownChanges: OwnChanges;
  /** The directory heads as this device knows them. */
  frontier(): readonly EntryId[];
  keyOf(keyId: Uint8Array): KeyVersion;
  /** Whether a key is due to this device's user. @throws CoreError DEVICE_REVOKED */
  mayUse(keyId: Uint8Array): boolean;
  /** Whether keys are fit to be sealed under, and what makes them so. @throws CoreError DEVICE_REVOKED: then everything stays in the journal */
  readonly check: WriteChecks;
  /** Whether this device is about to leave its chain: nothing more is sealed into it. */
  isLeaving(): boolean;
  /** Takes what does not pass the gate out of what is sealed; the rest goes on in another chain. */
  setAside(): Promise<void>;
  /** Entries of this device are durable. */
  onSealed(sealed: SealedEntries): void;
  /** A change was made that no entry holds yet. */
  onJournalled(): void;
}

/** A change that was made, on its way to the journal. */
export interface LocalChange {
  /** Of `begin`: its actor follows from this key. */
  readonly writer: WriterKey;
  readonly record: DocumentRecord;
  readonly kind: ChangeKind;
  readonly counter: number | null;
  readonly bytes: Uint8Array;
  /** The same, parsed; not when the gate has yet to see it. */
  readonly chunk: ChangeChunk | undefined;
}

/** How local changes become durable and then entries: first a journal row each, then at a flush one entry for many. */
export class LocalWrites {
  readonly #context: LocalWritesContext;
  readonly #sealing = new Serial();
  /** Taken by everything that is on its way from a writer key to its place in the journal, or in an entry. */
  readonly #underWay: SharedLock;
  /** Sealed and perhaps stored, but not confirmed: tried again with the same bytes before anything else is sealed. */
  #unfinished: { readonly sealed: SealedEntries; readonly batches: readonly number[] } | null = null;
  /** The writer row travels with the first change, so that the incarnation can go on after a clean close. */
  #firstRow: SealedRow | null = null;
  #rowSaved = false;
  /** Something that the journal holds does not pass the gate. */
  #isRefused = false;
  #isClosed = false;

  constructor(context: LocalWritesContext) {
    this.#context = context;
    this.#underWay = new SharedLock(context.platform.scheduler);
  }

  /** The writer key that new changes are made under; null before the first `begin`. */
  get writer(): WriterKey | null {
    return this.#rowSaved || this.#firstRow !== null ? this.#context.chain.current : null;
  }

  /**
   * From now on nothing is written: whoever goes on all the same, as an app may with what it began before, gets CLOSED. Resolves when what
   * was on its way is written.
   * INVARIANT: the database may be opened again right after, and two may not count on one journal and one chain. Test: closed-writes.test.ts.
   */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#sealing.idle();
    await this.#context.journal.idle();
  }

  /** The same, beginning an incarnation when there is none. */
  async begin(): Promise<WriterKey> {
    this.#requireOpen();
    const { chain } = this.#context;
    const writer = await chain.writer();
    this.#firstRow ??= await chain.row();
    return writer;
  }

  /** The change has its place in the journal when this returns, so that callers keep their order; resolves when it is durable. */
  journal(change: LocalChange): Promise<void> {
    this.#requireOpen();
    return this.#journalled(this.#context.journal.add(this.#rowOf(change), this.#besideFirst()));
  }

  /**
   * The same for the changes of one transaction: all become durable, or none, and part of one entry.
   * @throws CoreError TRANSACTION_TOO_LARGE
   */
  journalTogether(changes: readonly LocalChange[]): Promise<void> {
    this.#requireOpen();
    const { journal, platform } = this.#context;
    const time = claimedTime(platform.now());
    const rows = changes.map((change) => ({ ...this.#rowOf(change), time }));
    if (!fitsOneEntry(rows, platform.crypto.sha256))
      throw new CoreError("TRANSACTION_TOO_LARGE", "one entry can't hold all of the transaction");
    return this.#journalled(journal.addTogether(rows, this.#besideFirst()));
  }

  #rowOf({ writer, record, kind, counter, bytes, chunk }: LocalChange): JournalRow {
    const { platform, frontier } = this.#context;
    return {
      writer,
      frontier: frontier(),
      kind,
      stem: stemIn(record.name),
      keyId: record.keyId,
      counter,
      time: claimedTime(platform.now()),
      change: bytes,
      ...(chunk === undefined ? {} : { chunk }),
    };
  }

  #besideFirst(): readonly SealedRow[] {
    return this.#rowSaved || this.#firstRow === null ? [] : [this.#firstRow];
  }

  #journalled(written: Promise<void>): Promise<void> {
    return written.then(() => {
      this.#rowSaved = true;
      this.#context.onJournalled();
    });
  }

  /** @throws CoreError CLOSED */
  #requireOpen(): void {
    if (this.#isClosed) throw new CoreError("CLOSED", "the database is closed");
  }

  /**
   * To be asked before a change is made, at the latest when its writer key is: `leave` follows, once it has its place. Gives nothing when
   * it may be made at once; while a chain is renewed it waits.
   * @throws CoreError CLOSED
   */
  enter(): Promise<void> | undefined {
    this.#requireOpen();
    return this.#underWay.enter();
  }

  leave(): void {
    this.#underWay.leave();
  }

  /** Waits for something in the place of whoever has entered: what wants to be alone goes first. */
  async outside<Result>(work: Promise<Result>): Promise<Result> {
    this.#underWay.leave();
    try {
      return await work;
    } finally {
      await this.#underWay.enter();
    }
  }

  /** Whether something is being edited: it may be what waits for `exclusively`. */
  get isShared(): boolean {
    return this.#underWay.isShared;
  }

  /** Runs work while nothing is edited or sealed, and nothing that was sealed is left to be stored; not at all once it is closed. Not to be awaited while anything is under way. */
  exclusively(work: () => Promise<void>): Promise<void> {
    return this.#underWay.alone(() =>
      this.#sealing.run(async () => {
        if (this.#isClosed) return;
        await this.#finish();
        await work();
      }),
    );
  }

  /** Seals everything the journal holds. Concurrent calls share the work. */
  async flush(): Promise<void> {
    while (!(await this.#sealing.run(() => this.#sealAll()))) {
      if (this.#underWay.isShared) return; // what is under way may be what waits for this: the next flush does it
      await this.exclusively(() => this.#setAside());
    }
  }

  /**
   * Seals changes without a journal in between: for bulk creation, durable when it resolves.
   * @param may asked in the tick in which they are sealed: throws when they may not be any more
   * @returns false when this device leaves its chain: nothing was sealed
   */
  bulk(
    keyId: Uint8Array,
    entries: readonly (readonly Plaintext[])[],
    may: () => void = () => undefined,
  ): Promise<boolean> {
    const { check } = this.#context;
    return this.#sealing.run(async () => {
      this.#requireOpen();
      await this.#finish();
      const writes = [{ keyId }];
      for (let tries = 0; tries < TRIES && !check.isReady(writes); tries++) await check.prepare(writes);
      const key = this.#context.keyOf(keyId);
      this.requireRight(keyId);
      may();
      if (this.#context.isLeaving()) return false;
      const drafts = entries.map((some) => some.map((plaintext): PartDraft => ({ kind: "change", key, plaintext })));
      await this.#seal(drafts, this.#context.frontier(), []);
      return true;
    });
  }

  /**
   * Seals an entry that says what this device has seen, and nothing else.
   * @returns false when nothing may be sealed now
   * @throws CoreError DEVICE_REVOKED | DIRECTORY_STALE | UPDATE_NEEDED
   */
  say(): Promise<boolean> {
    const { check } = this.#context;
    return this.#sealing.run(async () => {
      this.#requireOpen();
      await this.#finish();
      for (let tries = 0; tries < TRIES && !check.isReady([]); tries++) await check.prepare([]);
      if (!check.isReady([]) || this.#context.isLeaving()) return false;
      await this.#seal([[]], this.#context.frontier(), [], "always");
      return true;
    });
  }

  /**
   * Makes a key fit, if something has to be done first: null when nothing has, or while nothing may be sealed.
   * @throws CoreError KEY_UNKNOWN when this device can't seal under it all the same; NOT_ENTITLED
   */
  ready(keyId: Uint8Array, isHeld: boolean): Promise<void> | null {
    const { check, keyOf } = this.#context;
    if (!isHeld && !check.isFit(keyId)) return check.settle(keyId).then(() => void keyOf(keyId));
    keyOf(keyId);
    this.requireRight(keyId);
    return null;
  }

  /** @throws CoreError NOT_ENTITLED when the key was taken from this device's user, which may hold it still */
  requireRight(keyId: Uint8Array): void {
    if (!this.#context.mayUse(keyId)) throw new CoreError("NOT_ENTITLED", "this device's user holds no such key");
  }

  /** @returns false when something does not pass the gate */
  async #sealAll(): Promise<boolean> {
    const { platform, ownChanges, check } = this.#context;
    const { crypto } = platform;
    const { sha256 } = crypto;
    if (this.#isClosed) return true;
    await this.#finish();
    for (let taken = this.#take(); !this.#isRefused && this.#maySeal(taken.rows); taken = this.#take()) {
      if (!ownChanges.judge(taken.rows.filter(({ chunk }) => chunk === undefined))) {
        this.#isRefused = true;
        break;
      }
      for (let tries = 0; tries < TRIES && !check.isReady(taken.rows); tries++) await check.prepare(taken.rows);
      // D11: under a key that was lost nothing is sealed; what is left of the chain's work goes on in another (renewal.ts).
      if (![...new Set(taken.rows.map(({ keyId }) => keyId))].every((keyId) => this.#context.mayUse(keyId))) break;
      if (this.#context.isLeaving()) break;
      // INVARIANT: keys are taken in the tick in which they were found fit.
      await this.#seal(
        planEntries(taken.rows, this.#context.keyOf, sha256),
        taken.rows[0]?.frontier ?? [],
        taken.batches,
      );
    }
    return !this.#isRefused;
  }

  /** Once for all who met it. */
  async #setAside(): Promise<void> {
    if (!this.#isRefused) return;
    await this.#context.setAside();
    this.#isRefused = false;
  }

  /** Whether there is something, and of the chain there is: what another made is made anew first. */
  #maySeal(rows: readonly JournalRow[]): boolean {
    const { current } = this.#context.chain;
    if (this.#context.isLeaving()) return false;
    return rows.length > 0 && current !== null && rows.every(({ writer }) => equalBytes(writer, current));
  }

  #take(): ReturnType<Journal["take"]> {
    return this.#context.journal.take(FLUSH_ROWS);
  }

  async #seal(
    entries: readonly (readonly PartDraft[])[],
    frontier: readonly EntryId[],
    batches: readonly number[],
    control: "when-new" | "always" = "when-new",
  ): Promise<void> {
    const told = entries.map(withContents);
    this.#unfinished = { sealed: await this.#context.chain.seal(told, frontier, control), batches };
    await this.#finish();
  }

  async #finish(): Promise<void> {
    if (this.#unfinished === null) return;
    const { sealed, batches } = this.#unfinished;
    const { journal, onSealed } = this.#context;
    await commitSealed(this.#context, sealed, journal.keysOf(batches));
    journal.forget(batches);
    this.#unfinished = null;
    this.#rowSaved = true;
    onSealed(sealed);
  }
}
