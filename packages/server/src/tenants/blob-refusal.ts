/** Why a relay does not take a blob. */
export type BlobRefusalCode = "BLOB_MISMATCH" | "NO_TICKET" | "QUOTA" | "RELAY_FULL";

/** A blob that was not taken: nothing of it is stored, nothing of it is charged. */
export class BlobRefusal extends Error {
  override readonly name = "BlobRefusal";
  readonly code: BlobRefusalCode;

  constructor(code: BlobRefusalCode) {
    super("the blob is not taken");
    this.code = code;
  }
}
