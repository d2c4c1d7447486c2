// Node's Buffers as plain Uint8Arrays.
/** The same memory without Buffer's own methods: Buffer's `slice` shares memory where Uint8Array's copies. */
export function asBytes(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}
