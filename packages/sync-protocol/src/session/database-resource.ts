// What the driver holds for one open database: the replica, and what is remembered about the peer.
import type { DatabaseId, Head, Replica, Vector, VerifiedRun } from "@selkie/entry";
import { toHex } from "@selkie/entry";
import { Echoes } from "./echoes.ts";
import type { Events } from "./events.ts";

/** One open database of a session. */
export class DatabaseResource {
  readonly replica: Replica;
  readonly echoes: Echoes = new Echoes();
  /** The vector whose digest our `open` named, until it is answered. */
  prepared: Vector | null = null;
  /** Parts are missing here: the first vector of the session asks the peer for them. */
  #asks: "not yet" | "next" | "asked" = "not yet";
  /** Once it was opened: until it is closed, its replica stays. */
  handle: number | null = null;
  /** A slice is being read. */
  isReading = false;
  sentEntries = 0;
  sentBytes = 0;
  receivedEntries = 0;
  receivedBytes = 0;
  /** What the peer is known to hold; kept only where our user opened the database. */
  #expected: Map<string, Head> | null = null;
  #isOwn: (writer: string) => boolean = () => false;
  #forks: Map<string, { readonly seq: number; readonly proven: boolean }> | null = null;

  #wasAsked = false;
  /** The peer asked for parts, and is to say what it holds: whether it lost entries, too, its first vector does not tell. */
  isProbed = false;

  constructor(replica: Replica) {
    this.replica = replica;
  }

  get id(): DatabaseId {
    return this.replica.database;
  }

  /** What the peer is known to hold. */
  get expected(): Vector {
    return this.#expected ?? NOTHING;
  }

  /** Whether parts are missing here, and the peer was not asked for them in this session. */
  async isAsking(): Promise<boolean> {
    if (this.#asks === "not yet" && ((await this.replica.wholeVector?.()) ?? null) !== null) this.#asks = "next";
    return this.#asks === "next";
  }

  /** The vector to send now, and whether it asks for what is missing. */
  async vectorToSend(): Promise<{ readonly vector: Vector; readonly asks: boolean }> {
    const isAsking = this.#asks === "next";
    this.#asks = "asked";
    const whole = (isAsking ? await this.replica.wholeVector?.() : null) ?? null;
    return { vector: whole ?? (await this.replica.vector()), asks: whole !== null };
  }

  /**
   * Whether the peer asks for the first time in this session. SECURITY: B6. What it names then may be less than it holds; a peer that lost
   * something and always asked would never be found out (missing-parts.test.ts).
   */
  isAskedFirst(): boolean {
    const isFirst = !this.#wasAsked;
    this.#wasAsked = true;
    return isFirst;
  }

  /** Asks the peer for what is missing once more. */
  ask(): void {
    this.#asks = "next";
  }

  /** Our user opened it: what the peer acknowledges is remembered from now on. */
  watch(expected: Vector = NOTHING, isOwn: (writer: string) => boolean = () => false): void {
    this.#expected ??= new Map();
    this.#isOwn = isOwn;
    this.expect(expected);
  }

  /** What the peer is taken to hold, if this side holds `vector`: the same, but for what it wrote itself. The very vector if all of it. */
  assumed(vector: Vector): Vector {
    const assumed = new Map<string, Head>();
    let isAhead = false;
    for (const [writer, head] of vector) {
      const known = this.expected.get(writer);
      const isBehind = (known === undefined || known.seq < head.seq) && this.#isOwn(writer);
      const reached = isBehind ? known : head;
      if (reached !== undefined) assumed.set(writer, reached);
      isAhead ||= isBehind;
    }
    return isAhead ? assumed : vector;
  }

  /** The peer holds these heads. */
  expect(heads: Vector): void {
    for (const [writer, head] of heads) {
      const before = this.#expected?.get(writer);
      if (before === undefined || before.seq < head.seq) this.#expected?.set(writer, head);
    }
  }

  /** The peer no longer holds more of a chain than up to `seq`; it was said once. */
  forget(writer: string, seq: number): void {
    const head = this.#expected?.get(writer);
    if (head === undefined || head.seq <= seq) return;
    if (seq < 0) this.#expected?.delete(writer);
    else this.#expected?.set(writer, { seq, id: head.id });
  }

  /** Tells the user how much went back and forth. */
  announceProgress(events: Events): void {
    const { id: database, sentEntries, sentBytes, receivedEntries, receivedBytes } = this;
    events.emit("progress", { database, sentEntries, sentBytes, receivedEntries, receivedBytes });
  }

  /** Whether this chain was found to fork: what the peer sends of it beyond meets a gap, which is no news. */
  isForked(run: VerifiedRun): boolean {
    return this.#forks?.has(toHex(run.writer)) === true;
  }

  /** Whether a run says more of a fork than was known: an earlier seq, or the entry itself where only its id was known. */
  isNewFork(run: VerifiedRun, seq: number): boolean {
    this.#forks ??= new Map();
    const name = toHex(run.writer);
    const known = this.#forks.get(name);
    const proven = seq >= run.firstSeq;
    if (known !== undefined && (known.seq < seq || (known.seq === seq && (known.proven || !proven)))) return false;
    this.#forks.set(name, { seq, proven });
    return true;
  }
}

const NOTHING: Vector = new Map();
