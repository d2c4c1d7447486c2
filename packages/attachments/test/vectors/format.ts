// The JSON of docs/spec/vectors/attachments: byte strings are lower-case hexadecimal. A case with `code` must be refused with that code,
// every other one must give what it lists.
interface VectorFile<C> {
  readonly comment: string;
  readonly cases: readonly C[];
}
interface Case {
  readonly comment: string;
  readonly code?: string;
}
interface PaddingCase extends Case {
  readonly length: number;
  readonly padded: number;
}
export interface ChunkCase extends Case {
  readonly secret: string;
  readonly version: string;
  readonly salt: string | null;
  readonly level: number;
  readonly index: number;
  readonly padded?: string;
  readonly id: string;
  readonly sealed: string;
}
export interface ManifestCase extends Case {
  readonly bytes: string;
  readonly version?: string;
  readonly length?: number;
  readonly salt?: string | null;
  readonly table?: string;
}
export interface ContentCase extends Case {
  readonly secret: string;
  readonly version: string;
  readonly salt: string | null;
  /** Of the byte sequence that the file's comment describes. */
  readonly length: number;
  readonly manifest: string;
  readonly blobs: readonly { readonly hash: string; readonly length: number }[];
}

/** All files, by name. */
export interface VectorFiles {
  readonly padding: VectorFile<PaddingCase>;
  readonly chunk: VectorFile<ChunkCase>;
  readonly manifest: VectorFile<ManifestCase>;
  readonly content: VectorFile<ContentCase>;
}

/** Byte i is 7 i + floor(i / 251), modulo 256. */
export function sequence(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => 7 * at + Math.floor(at / 251));
}
