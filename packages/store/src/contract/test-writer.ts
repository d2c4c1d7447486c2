// Real entries for the contract suite: real ids, real Ed25519 signatures, verified like those of a peer. Nothing here is random, so
// that a failure can be run again.
import {
  type Ciphertext,
  type DatabaseId,
  type Entry,
  type EntryId,
  entryType,
  identifyEntry,
  labelled,
  type Part,
  parseCiphertext,
  parseDatabaseId,
  parseKeyTag,
  parseSalt,
  parseSignature,
  parseTenantId,
  parseWriterKey,
  partKind,
  type TenantId,
  type VerifiedRun,
  type Verifier,
  verifyRuns,
  type WriterKey,
  ZERO_ENTRY_ID,
} from "@selkie/entry";

// The part of WebCrypto that every platform of the suite has; entry and store are compiled without DOM types.
declare const crypto: {
  readonly subtle: {
    importKey(
      format: "pkcs8",
      bytes: Uint8Array,
      name: "Ed25519",
      extractable: boolean,
      usages: string[],
    ): Promise<Key>;
    exportKey(format: "jwk", key: Key): Promise<{ readonly x?: string }>;
    sign(name: "Ed25519", key: Key, message: Uint8Array): Promise<ArrayBuffer>;
  };
};
declare function atob(text: string): string;
interface Key {
  readonly type: string;
}

/** What the entries of a test writer look like. */
export interface RunShape {
  /** Entries of the run; 1 by default. */
  readonly count?: number;
  /** Change parts an entry; 2 by default. */
  readonly parts?: number;
  /** Bytes of each part; the least the format allows by default. */
  readonly bytes?: number;
  /** Whether part 0 is a control part, besides the change parts. */
  readonly control?: boolean;
}

/** Bytes that follow from a number. */
export function bytesOf(seed: number, length: number): Uint8Array {
  // xorshift32 (Marsaglia 2003): reproducible, and no two seeds in use share their bytes.
  let state = (seed * 2_654_435_761 + 1) >>> 0 || 1;
  return Uint8Array.from({ length }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state & 255;
  });
}

/** The tenant of that number. */
export function tenantOf(seed: number): TenantId {
  return parseTenantId(bytesOf(1_000 + seed, 32));
}

/** The database of that number. */
export function databaseOf(seed: number): DatabaseId {
  return parseDatabaseId(bytesOf(2_000 + seed, 32));
}

/** A device that writes one chain in one database. */
export class TestWriter {
  readonly key: WriterKey;
  readonly database: DatabaseId;
  readonly #verifier: Verifier;
  readonly #signingKey: Key;
  #seq = 0;
  #prev: EntryId = ZERO_ENTRY_ID;
  #salt: number;

  private constructor(verifier: Verifier, database: DatabaseId, key: WriterKey, signingKey: Key, salt: number) {
    this.#verifier = verifier;
    this.database = database;
    this.key = key;
    this.#signingKey = signingKey;
    this.#salt = salt;
  }

  /** The writer whose key follows from `seed`; with another `branch`, one that forks from it at seq 0. */
  static async create(verifier: Verifier, database: DatabaseId, seed: number, branch = 0): Promise<TestWriter> {
    const pkcs8 = Uint8Array.from([...PKCS8_ED25519, ...bytesOf(3_000 + seed, 32)]);
    const signingKey = await crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", true, ["sign"]);
    const { x = "" } = await crypto.subtle.exportKey("jwk", signingKey);
    const key = parseWriterKey(Uint8Array.from(atob(x.replaceAll("-", "+").replaceAll("_", "/")), toCode));
    return new TestWriter(verifier, database, key, signingKey, 1_000_000 * (seed + 1) + 100_000 * branch);
  }

  /** Another device with this writer's key that goes on from here on its own: a fork. */
  fork(): TestWriter {
    const other = new TestWriter(this.#verifier, this.database, this.key, this.#signingKey, this.#salt + 50_000);
    other.#seq = this.#seq;
    other.#prev = this.#prev;
    return other;
  }

  /** The next entries of the chain, in a run whose last entry is signed. */
  async write(shape: RunShape = {}): Promise<VerifiedRun> {
    const firstSeq = this.#seq;
    const prev = this.#prev;
    const entries = Array.from({ length: shape.count ?? 1 }, () => this.#next(shape));
    const signature = await crypto.subtle.sign("Ed25519", this.#signingKey, labelled("sign-entry", this.#prev));
    const signed = entries.map((entry, index) =>
      index === entries.length - 1 ? { ...entry, signature: parseSignature(new Uint8Array(signature)) } : entry,
    );
    return verifyRun(this.#verifier, { database: this.database, writer: this.key, firstSeq, prev, entries: signed });
  }

  #next({ parts: count = 2, bytes = 144, control = false }: RunShape): Entry {
    const salt = ++this.#salt;
    const parts: Part[] = Array.from({ length: count + (control ? 1 : 0) }, (_, index) => ({
      type: "sealed",
      kind: control && index === 0 ? partKind.control : partKind.change,
      table: 0,
      ciphertext: ciphertextOf(salt * 16 + index, bytes),
    }));
    const entry = identifyEntry(this.#verifier, {
      header: {
        type: entryType.change,
        control,
        database: this.database,
        writer: this.key,
        seq: this.#seq++,
        prev: this.#prev,
        salt: parseSalt(bytesOf(salt, 24)),
      },
      table: [parseKeyTag(bytesOf(7, 16))],
      parts,
      signature: null,
    });
    this.#prev = entry.id;
    return entry;
  }
}

/** A run as a peer would have it verified: fails where a peer would refuse. */
export async function verifyRun(
  verifier: Verifier,
  run: { database: DatabaseId; writer: WriterKey; firstSeq: number; prev: EntryId; entries: readonly Entry[] },
): Promise<VerifiedRun> {
  const [verdict] = await verifyRuns(verifier, [run]);
  if (verdict?.type !== "verified") throw new TypeError(`the contract suite made a run that is ${verdict?.code}`);
  return verdict.run;
}

/** RFC 8410 section 7: what precedes the 32 bytes of an Ed25519 seed. */
const PKCS8_ED25519 = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

function toCode(character: string): number {
  return character.charCodeAt(0);
}

function ciphertextOf(seed: number, length: number): Ciphertext {
  return parseCiphertext(bytesOf(seed, length));
}
