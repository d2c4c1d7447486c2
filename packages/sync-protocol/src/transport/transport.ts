// What a session needs of a connection: frames, in order, whole, both ways.

/**
 * A connection that carries frames: byte strings that arrive whole, in order, once, or not at all. Anything may be lost when it
 * closes. `@selkie/sync-protocol/contract` has the suite that every transport passes.
 */
export interface Transport {
  /**
   * Queues one frame. Resolves when more may be sent, so a caller that awaits it holds a bounded amount in memory.
   *
   * @throws SyncError `TRANSPORT_CLOSED` once either side has closed; `FRAME_TOO_LARGE`
   */
  send(frame: Uint8Array): Promise<void>;
  /**
   * The frames that arrive, to be iterated once. Ends when the peer closes; leaving the loop closes the transport.
   *
   * @throws SyncError `TRANSPORT_CLOSED` when the connection broke; `TRANSPORT_OVERFLOW` when more arrived than was taken
   */
  receive(): AsyncIterable<Uint8Array>;
  /** Closes both directions. Frames queued before are still delivered where the connection can. Closing twice is harmless. */
  close(): Promise<void>;
}

/** Opens a connection; aborting `signal` gives up. */
export type Dialler = (signal: AbortSignal) => Promise<Transport>;

/** Bytes of the largest frame that any transport carries: 8 MiB. */
export const MAX_FRAME_BYTES = 8_388_608;
