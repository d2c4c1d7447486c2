import {
  type ByteReader,
  type ByteWriter,
  decodeVector,
  encodeVector,
  fromHex,
  toHex,
  type Vector,
} from "@selkie/entry";

/** How far the entries were read that documents follow from, and what they follow from beside. */
export interface Covered {
  /** In hex: a digest of what the documents follow from beside their entries. */
  readonly basis: string;
  /** What lies beyond may say something else of a document. */
  readonly vector: Vector;
  /** Chains that end: what comes of them may decide about what came before. In hex. */
  readonly ended: readonly string[];
}

const basisBytes = 32;
const writerBytes = 32;

export function writeCovered(writer: ByteWriter, { basis, vector, ended }: Covered): void {
  const heads = encodeVector(vector);
  writer.bytes(fromHex(basis)).uleb(heads.length).bytes(heads).uleb(ended.length);
  for (const name of ended) writer.bytes(fromHex(name));
}

/** @throws EntryError for what is too short, or no vector */
export function readCovered(reader: ByteReader): Covered {
  const basis = toHex(reader.bytes(basisBytes));
  const vector = decodeVector(reader.bytes(reader.uleb()));
  const ended: string[] = [];
  for (let left = reader.uleb(); left > 0; left--) ended.push(toHex(reader.bytes(writerBytes)));
  return { basis, vector, ended };
}
