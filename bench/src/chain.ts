// One writer's chain, whose entries are sealed here as a device would seal them, whatever is in them.
import {
  encodeControlPart,
  type KeyVersion,
  type PartDraft,
  sealEntry,
  signCertificate,
  signRun,
} from "@selkie/core/internal";
import type { SigningKey } from "@selkie/crypto";
import { nativeCrypto as crypto } from "@selkie/crypto/native";
import {
  type DatabaseId,
  type EntryId,
  type EntryType,
  parseWriterKey,
  type StatementId,
  type TenantId,
  type VerifiedRun,
  type WriterKey,
  ZERO_ENTRY_ID,
} from "@selkie/entry";

/** Who writes: a device and the statement that admits it. */
export interface Author {
  readonly device: SigningKey;
  readonly admission: StatementId;
}

/** Where a chain is. */
export interface ChainPlace {
  readonly tenant: TenantId;
  readonly database: DatabaseId;
  readonly type: EntryType;
}

export class Chain {
  readonly writer: WriterKey;
  readonly #place: ChainPlace;
  readonly #author: Author;
  readonly #signer: SigningKey;
  readonly #incarnation = crypto.randomBytes(16);
  #seq = 0;
  #prev: EntryId = ZERO_ENTRY_ID;

  private constructor(place: ChainPlace, author: Author, signer: SigningKey) {
    this.#place = place;
    this.#author = author;
    this.#signer = signer;
    this.writer = parseWriterKey(signer.publicKey);
  }

  static async begin(place: ChainPlace, author: Author): Promise<Chain> {
    return new Chain(place, author, await crypto.importSigningKey(crypto.randomBytes(32)));
  }

  /** A run of one entry with these parts; the first has the certificate, which the directory's key seals. */
  async write(directoryKey: KeyVersion, drafts: readonly PartDraft[]): Promise<VerifiedRun> {
    const { tenant, database, type } = this.#place;
    const { device, admission } = this.#author;
    const claim = { tenant, database, writer: this.writer, admission, incarnation: this.#incarnation, previous: null };
    const certificate = this.#seq > 0 ? null : await signCertificate(crypto, device, claim);
    const plaintext = encodeControlPart({ certificate, frontier: [], vector: null });
    using writerSecret = await crypto.importSecret(crypto.randomBytes(32));
    const at = { type, database, writer: this.writer, writerSecret, seq: this.#seq, prev: this.#prev };
    const entry = await sealEntry(crypto, at, [{ kind: "control", key: directoryKey, plaintext }, ...drafts]);
    this.#seq += 1;
    this.#prev = entry.id;
    return await signRun(crypto, this.#signer, [entry]);
  }
}
