// Deterministic devices that write real entries: real ids, real signatures. Portable: the browser suites use it too.
import { nativeCrypto } from "@selkie/crypto/native";
import {
  adoptOwnRun,
  type DatabaseId,
  entryType,
  hash,
  type IdentifiedEntry,
  identifyEntry,
  type Part,
  parseCiphertext,
  parseDatabaseId,
  parseKeyTag,
  parseSalt,
  parseTenantId,
  parseWriterKey,
  partKind,
  type Signature,
  type SignLabel,
  type TenantId,
  type VerifiedRun,
  type WriterKey,
  ZERO_ENTRY_ID,
} from "@selkie/entry";

export const verifier = nativeCrypto;

/** Bytes that look random and follow from a name. */
export function bytesOf(name: string, length = 32): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let block = 0; block * 32 < length; block++) {
    const digest = hash(verifier, "statement", new TextEncoder().encode(`${name} ${block}`));
    bytes.set(digest.subarray(0, Math.min(32, length - block * 32)), block * 32);
  }
  return bytes;
}

export function databaseOf(name: string): DatabaseId {
  return parseDatabaseId(bytesOf(`database ${name}`));
}

export const tenant: TenantId = parseTenantId(bytesOf("tenant"));
export const otherTenant: TenantId = parseTenantId(bytesOf("other tenant"));

/** Any Ed25519 key: a writer's, a device's, a login's, a slot's. */
export class TestKey {
  readonly publicKey: Uint8Array;
  readonly sign: (label: SignLabel, payload: Uint8Array) => Promise<Signature>;

  private constructor(publicKey: Uint8Array, sign: TestKey["sign"]) {
    this.publicKey = publicKey;
    this.sign = sign;
  }

  static async of(name: string): Promise<TestKey> {
    const key = await nativeCrypto.importSigningKey(bytesOf(`seed ${name}`));
    return new TestKey(key.publicKey, async (label, payload) => {
      const [signature] = await nativeCrypto.signMany(key, label, [payload]);
      if (signature === undefined) throw new TypeError("no signature");
      return signature;
    });
  }
}

/** One device's chain in one database. */
export class TestWriter {
  readonly key: WriterKey;
  readonly database: DatabaseId;
  readonly #signer: TestKey;
  #seq = 0;
  #prev = ZERO_ENTRY_ID;
  readonly #branch: string;

  private constructor(signer: TestKey, database: DatabaseId, branch: string) {
    this.#signer = signer;
    this.key = parseWriterKey(signer.publicKey);
    this.database = database;
    this.#branch = branch;
  }

  static async of(name: string, database: DatabaseId): Promise<TestWriter> {
    return new TestWriter(await TestKey.of(`writer ${name}`), database, "");
  }

  get nextSeq(): number {
    return this.#seq;
  }

  /** Somebody else with the same key, who goes on from here alone: a fork. */
  fork(branch: string): TestWriter {
    const other = new TestWriter(this.#signer, this.database, branch);
    other.#seq = this.#seq;
    other.#prev = this.#prev;
    return other;
  }

  /** The next `count` entries as one run; only the last is signed. */
  async write(count = 1, partBytes = 144): Promise<VerifiedRun> {
    const entries: IdentifiedEntry[] = [];
    for (let i = 0; i < count; i++) entries.push(this.#next(partBytes));
    const signature = await this.#signer.sign("sign-entry", this.#prev);
    return adoptOwnRun(entries, signature);
  }

  #next(partBytes: number): IdentifiedEntry {
    const name = `${this.#branch} ${this.#seq}`;
    const parts: Part[] = [
      { type: "sealed", kind: partKind.change, table: 0, ciphertext: parseCiphertext(ciphertext(name, partBytes)) },
    ];
    const entry = identifyEntry(verifier, {
      header: {
        type: entryType.change,
        control: false,
        database: this.database,
        writer: this.key,
        seq: this.#seq,
        prev: this.#prev,
        salt: parseSalt(bytesOf(`salt ${name}`, 24)),
      },
      table: [parseKeyTag(bytesOf("tag", 16))],
      parts,
      signature: null,
    });
    this.#seq += 1;
    this.#prev = entry.id;
    return entry;
  }
}

/** Bytes of a sealed part; only the first block differs, which is cheap and enough. */
function ciphertext(name: string, length: number): Uint8Array {
  const bytes = new Uint8Array(length).fill(0x5a);
  bytes.set(bytesOf(name, 32));
  return bytes;
}
