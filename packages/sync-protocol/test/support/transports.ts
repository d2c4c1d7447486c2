// Transports that watch, cut or change what passes through them.
import { pipe, type Transport } from "../../src/index.ts";

export interface Tap {
  /** Frames in order, as they were handed over. */
  readonly frames: Uint8Array[];
  bytes(): number;
}

/** A pipe whose two directions are recorded: `there` is what the first end sends. */
export function recordedPipe(): { ends: readonly [Transport, Transport]; there: Tap; back: Tap } {
  const [left, right] = pipe();
  const there = tap();
  const back = tap();
  return { ends: [recording(left, there), recording(right, back)], there, back };
}

function tap(): Tap {
  const frames: Uint8Array[] = [];
  return { frames, bytes: () => frames.reduce((sum, frame) => sum + frame.length, 0) };
}

function recording(inner: Transport, { frames }: Tap): Transport {
  return {
    send(frame) {
      frames.push(frame);
      return inner.send(frame);
    },
    receive: () => inner.receive(),
    close: () => inner.close(),
  };
}

/** A transport whose outgoing frames pass through `change`: null drops one, an array replaces it. */
export function changing(
  inner: Transport,
  change: (frame: Uint8Array, index: number) => readonly Uint8Array[],
): Transport {
  let index = 0;
  return {
    async send(frame) {
      for (const changed of change(frame, index++)) await inner.send(changed);
    },
    receive: () => inner.receive(),
    close: () => inner.close(),
  };
}

/** A pipe that breaks, both ways and without a word, once `frames` frames have passed. */
export function breakingPipe(frames: number): readonly [Transport, Transport] {
  const [left, right] = pipe();
  let passed = 0;
  const breaking = (inner: Transport): Transport => ({
    async send(frame) {
      if (passed++ >= frames) await Promise.all([left.close(), right.close()]);
      await inner.send(frame);
    },
    receive: () => inner.receive(),
    close: () => inner.close(),
  });
  return [breaking(left), breaking(right)];
}
