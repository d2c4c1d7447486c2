// What strangers may send before they are let in. An honest login is a few kilobytes; only a large tenant's first one comes near a
// megabyte. So everybody has a small allowance, and the rest is taken from a pool that all strangers share.

import type { Duplex } from "node:stream";

/** Bytes that any connection may send before it is admitted. */
const OWN_BYTES = 16_384;
/** Bytes beyond that, of all connections together. */
const SHARED_BYTES = 33_554_432;

/** The pool of one relay. */
export class HandshakeBytes {
  #left = SHARED_BYTES;

  /** Watches a connection until the returned function is called; destroys it when the pool is empty. */
  watch(socket: Duplex): () => void {
    let received = 0;
    let taken = 0;
    const onData = (chunk: Uint8Array): void => {
      received += chunk.length;
      const wanted = Math.max(0, received - OWN_BYTES) - taken;
      if (wanted > this.#left) {
        socket.destroy();
        return;
      }
      this.#left -= wanted;
      taken += wanted;
    };
    socket.on("data", onData);
    let watching = true;
    return () => {
      if (!watching) return;
      watching = false;
      socket.off("data", onData);
      this.#left += taken;
    };
  }
}
