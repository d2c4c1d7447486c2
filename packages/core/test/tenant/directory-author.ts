// Somebody who writes into a directory by hand: with the keys and the certificate a test gives, genuine or not.
import type { SigningKey } from "@selkie/crypto";
import { nativeCrypto } from "@selkie/crypto/native";
import {
  adoptOwnRun,
  type EntryId,
  entryType,
  holeOf,
  identifyEntry,
  parseWriterKey,
  type StatementId,
  type VerifiedRun,
  ZERO_ENTRY_ID,
} from "@selkie/entry";
import type { FoundedTenant } from "../../src/directory/founding.ts";
import type { Statement } from "../../src/directory/statement.ts";
import { encodeStatement } from "../../src/directory/statement-codec.ts";
import type { KeyVersion } from "../../src/keys/key-version.ts";
import { encodeControlPart, signCertificate } from "../../src/sealing/control-part.ts";
import { type PartDraft, sealEntry, signRun } from "../../src/sealing/seal-entry.ts";

const crypto = nativeCrypto;

export interface AuthorOptions {
  readonly tenant: FoundedTenant;
  /** What the certificate names. */
  readonly device: SigningKey;
  readonly admission: StatementId;
  /** Seals control parts; the genuine directory key when absent. */
  readonly key?: KeyVersion;
}

export class DirectoryAuthor {
  readonly #options: AuthorOptions;
  readonly #key: SigningKey;
  #seq = 0;
  #prev: EntryId = ZERO_ENTRY_ID;

  private constructor(options: AuthorOptions, key: SigningKey) {
    this.#options = options;
    this.#key = key;
  }

  static async of(options: AuthorOptions): Promise<DirectoryAuthor> {
    return new DirectoryAuthor(options, await crypto.importSigningKey(crypto.randomBytes(32)));
  }

  /** The same writer, from its first entry on: what this one writes is another branch. */
  twin(): DirectoryAuthor {
    return new DirectoryAuthor(this.#options, this.#key);
  }

  get writer() {
    return parseWriterKey(this.#key.publicKey);
  }

  /** The id of the newest entry. */
  get tip(): EntryId {
    return this.#prev;
  }

  statement(statement: Statement, key: KeyVersion = this.#directoryKey()): PartDraft {
    return { kind: "statement", key, plaintext: encodeStatement(statement) };
  }

  /** One entry: its control part with this frontier, then the parts. */
  async write(parts: readonly PartDraft[], frontier: readonly EntryId[] = []): Promise<VerifiedRun> {
    const { tenant, directory } = this.#options.tenant;
    const place = {
      type: entryType.statement,
      database: directory,
      writer: this.writer,
      writerSecret: await crypto.importSecret(crypto.randomBytes(32)),
      seq: this.#seq,
      prev: this.#prev,
    };
    const { admission, device } = this.#options;
    const chain = { tenant, database: directory, writer: this.writer, admission, incarnation: crypto.randomBytes(16) };
    const certificate = this.#seq > 0 ? null : await signCertificate(crypto, device, { ...chain, previous: null });
    const control: PartDraft = {
      kind: "control",
      key: this.#options.key ?? this.#directoryKey(),
      plaintext: encodeControlPart({ certificate, frontier, vector: null }),
    };
    const entry = await sealEntry(crypto, place, [control, ...parts]);
    this.#seq += 1;
    this.#prev = entry.id;
    return signRun(crypto, this.#key, [entry]);
  }

  #directoryKey(): KeyVersion {
    const [key] = this.#options.tenant.keys;
    if (key === undefined) throw new RangeError("a tenant has a directory key");
    return key;
  }
}

/** The same run with a hole where a part of its only entry was. */
export function withHole(run: VerifiedRun, index: number): VerifiedRun {
  const [entry] = run.entries;
  if (entry === undefined || entry.signature === null) throw new RangeError("a run of one signed entry");
  const { header, table, signature } = entry;
  const parts = entry.parts.map((part, at) => (at === index ? holeOf(crypto, part) : part));
  return adoptOwnRun([identifyEntry(crypto, { header, table, parts, signature })], signature);
}
