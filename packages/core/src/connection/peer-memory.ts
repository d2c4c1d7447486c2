import { type DatabaseId, decodeVector, encodeVector, equalBytes, toHex, type Vector } from "@selkie/entry";
import type { StateStore } from "@selkie/store";
import type { Session } from "@selkie/sync-protocol";
import { CborFields, encodeCbor } from "../cbor.ts";
import { type LocalState, rowKind } from "../local/local-state.ts";
import { Serial } from "../serial.ts";

/** How far a relay's order was read, and what it has acknowledged. */
export interface Remembered {
  readonly position?: number;
  readonly expected?: Vector;
}

interface Known {
  readonly database: DatabaseId;
  position: number;
  expected: Vector;
}

const SAVE_AFTER_MS = 1_000;

/** Whose memory it is, and how it waits. */
export interface PeerMemoryOptions {
  /** 16 bytes that name the relay: a hash of its address. */
  readonly peer: Uint8Array;
  readonly later: (ms: number, run: () => void) => () => void;
  /** A write in the background failed. */
  readonly report: (error: unknown) => void;
}

/**
 * What one relay told this device about each database, kept sealed between runs. This memory is what makes a relay's rollback visible:
 * a relay that has less than it once acknowledged is told so, and gets it again (B6).
 */
export class PeerMemory {
  readonly #rows: StateStore;
  readonly #local: LocalState;
  readonly #peer: Uint8Array;
  readonly #later: PeerMemoryOptions["later"];
  readonly #report: PeerMemoryOptions["report"];
  readonly #saving = new Serial();
  readonly #known = new Map<string, Known>();
  readonly #dirty = new Set<Known>();
  #cancel: (() => void) | null = null;
  #generation: Uint8Array = new Uint8Array(8);

  constructor(local: LocalState, rows: StateStore, { peer, later, report }: PeerMemoryOptions) {
    this.#local = local;
    this.#rows = rows;
    this.#peer = peer;
    this.#later = later;
    this.#report = report;
  }

  /** The relay's store generation: positions noted under another mean nothing. */
  connected(generation: Uint8Array): void {
    if (equalBytes(generation, this.#generation)) return;
    this.#generation = generation;
    for (const known of this.#known.values()) known.position = 0;
  }

  async of(database: DatabaseId): Promise<Remembered> {
    const { position, expected } = await this.#get(database);
    return position > 0 ? { position, expected } : { expected };
  }

  /** Notes what the relay tells in this session. */
  follow(session: Session): void {
    session.on("acknowledged", ({ database, vector }) => void this.acknowledged(database, vector).catch(this.#report));
    session.on("caughtUp", ({ database, position }) => void this.caughtUp(database, position).catch(this.#report));
  }

  async caughtUp(database: DatabaseId, position: number): Promise<void> {
    (await this.#note(database)).position = position;
  }

  async acknowledged(database: DatabaseId, expected: Vector): Promise<void> {
    const known = await this.#note(database);
    known.expected = new Map([...known.expected, ...expected]);
  }

  /** Writes what is new. Losing the last second costs a repeated comparison, nothing else. */
  async save(): Promise<void> {
    this.#cancel?.();
    this.#cancel = null;
    await this.#saving.run(async () => {
      const dirty = [...this.#dirty];
      this.#dirty.clear(); // what is noted from here on makes it dirty again
      const written = await Promise.allSettled(dirty.map((known) => this.#write(known))); // together: in one commit
      const failed = dirty.filter((_, at) => written[at]?.status === "rejected");
      for (const known of failed) this.#dirty.add(known);
      for (const outcome of written) if (outcome.status === "rejected") throw outcome.reason;
    });
  }

  async #write({ database, position, expected }: Known): Promise<void> {
    const value = encodeCbor([this.#generation, position, encodeVector(expected)]);
    const row = await this.#local.seal(this.#local.key(rowKind.relay, database, this.#peer), value);
    await this.#rows.put(row.key, row.value);
  }

  async #note(database: DatabaseId): Promise<Known> {
    const known = await this.#get(database);
    this.#dirty.add(known);
    this.#cancel ??= this.#later(SAVE_AFTER_MS, () => void this.save().catch(this.#report));
    return known;
  }

  async #get(database: DatabaseId): Promise<Known> {
    const name = toHex(database);
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const loaded = await this.#load(database);
    const first = this.#known.get(name) ?? loaded; // somebody else may have asked meanwhile
    this.#known.set(name, first);
    return first;
  }

  async #load(database: DatabaseId): Promise<Known> {
    const nothing = { database, position: 0, expected: new Map() };
    try {
      const row = await this.#local.recall(this.#local.key(rowKind.relay, database, this.#peer));
      return row === undefined ? nothing : this.#decode(database, row);
    } catch (error) {
      this.#report(error); // without its memory a relay is compared with in full; only a rollback before this moment goes unnoticed
      return nothing;
    }
  }

  #decode(database: DatabaseId, row: Uint8Array): Known {
    const fields = CborFields.decode(row, "LOCAL_STATE_DAMAGED");
    const generation = fields.bytes(8);
    const position = fields.number();
    const expected = decodeVector(fields.bytes({ max: 2 ** 24 }));
    fields.end();
    return { database, position: equalBytes(generation, this.#generation) ? position : 0, expected };
  }
}
