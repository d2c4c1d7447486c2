import { randomBytes } from "node:crypto";

export const fileOf = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));

export async function read(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of stream) pieces.push(piece);
  return new Uint8Array(Buffer.concat(pieces));
}
