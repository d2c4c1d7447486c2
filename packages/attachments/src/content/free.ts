/**
 * Gives the memory of bytes back that nobody needs any more. The collector would do so late: a file of a gigabyte would leave tens of megabytes
 * behind it, and new memory costs more than sealing what is in it. What shares its memory with other bytes is left alone.
 */
export function free({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}
