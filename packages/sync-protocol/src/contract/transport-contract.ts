// What a session relies on in a transport, as tests. They run wherever vitest runs.
import { describe, expect, test } from "vitest";
import { MAX_FRAME_BYTES, type Transport } from "../transport/transport.ts";

/** Two ends of one connection. */
export interface TransportPair {
  readonly ends: readonly [Transport, Transport];
  /** Releases what the pair stands on, after both ends were closed. */
  remove(): Promise<void>;
}

/** What {@link transportContract} needs. */
export interface TransportContractOptions {
  readonly name: string;
  /** Connects two fresh ends. */
  create(): Promise<TransportPair>;
  /**
   * What happens when the peer does not read: the sender waits, or the connection ends with `TRANSPORT_OVERFLOW`. Either way memory
   * is bounded.
   */
  readonly whenNotRead: "waits" | "overflows";
}

/** More than any transport holds for a peer that does not read. */
const MORE_THAN_HELD = 16 * MAX_FRAME_BYTES;

/** Declares the tests of the transport contract. */
export function transportContract(options: TransportContractOptions): void {
  const withPair = (run: (left: Transport, right: Transport) => Promise<void>) => async (): Promise<void> => {
    const pair = await options.create();
    try {
      await run(...pair.ends);
    } finally {
      await Promise.all(pair.ends.map((end) => end.close()));
      await pair.remove();
    }
  };
  describe(`transport contract: ${options.name}`, () => {
    describe("frames", () => frameTests(withPair));
    describe("back-pressure", () => backPressureTests(withPair, options.whenNotRead));
    describe("closing", () => closeTests(withPair));
  });
}

type WithPair = (run: (left: Transport, right: Transport) => Promise<void>) => () => Promise<void>;

function frameTests(withPair: WithPair): void {
  test(
    "arrive whole and in order, both ways at once",
    withPair(async (left, right) => {
      const sizes = [1, 0, 7, 65_536, 3, 125, 126, 127, 65_535, 70_000, 2];
      const [there, back] = await Promise.all([
        take(right, sizes.length),
        take(left, sizes.length),
        sendAll(left, sizes, 1),
        sendAll(right, sizes, 2),
      ]);
      expect(there.map(describeFrame)).toEqual(sizes.map((size, index) => describeFrame(frameOf(size, index + 1))));
      expect(back.map(describeFrame)).toEqual(sizes.map((size, index) => describeFrame(frameOf(size, index + 2))));
    }),
  );

  test(
    "of 8 MiB pass",
    withPair(async (left, right) => {
      const frame = frameOf(MAX_FRAME_BYTES, 5);
      const [[received]] = await Promise.all([take(right, 1), left.send(frame)]);
      expect(describeFrame(received ?? new Uint8Array())).toEqual(describeFrame(frame));
    }),
  );

  test(
    "above 8 MiB are refused, and the connection goes on",
    withPair(async (left, right) => {
      await expect(left.send(new Uint8Array(MAX_FRAME_BYTES + 1))).rejects.toMatchObject({ code: "FRAME_TOO_LARGE" });
      const [received] = await Promise.all([take(right, 1), left.send(frameOf(3, 1))]);
      expect(received).toHaveLength(1);
    }),
  );

  test(
    "that arrive before anybody reads are kept",
    withPair(async (left, right) => {
      await left.send(frameOf(10, 1));
      await left.send(frameOf(11, 2));
      expect((await take(right, 2)).map((frame) => frame.length)).toEqual([10, 11]);
    }),
  );
}

function backPressureTests(withPair: WithPair, whenNotRead: "waits" | "overflows"): void {
  test(
    whenNotRead === "waits" ? "holds the sender up while the peer does not read" : "ends a connection nobody reads",
    withPair(async (left, right) => {
      let sent = 0;
      let held = MORE_THAN_HELD;
      const sending = (async () => {
        for (; sent < MORE_THAN_HELD; sent += 65_536) await left.send(frameOf(65_536, 1));
      })();
      const outcome = sending.then(
        () => "sent",
        (error: unknown) => error,
      );
      if (whenNotRead === "waits") {
        held = await untilStill(() => sent);
        expect(held).toBeLessThan(MORE_THAN_HELD);
        await take(right, MORE_THAN_HELD / 65_536);
        expect(await outcome).toBe("sent");
      } else {
        expect(await outcome).toMatchObject({ code: "TRANSPORT_CLOSED" });
        await expect(take(right, MORE_THAN_HELD / 65_536)).rejects.toMatchObject({ code: "TRANSPORT_OVERFLOW" });
      }
    }),
  );
}

function closeTests(withPair: WithPair): void {
  test(
    "lets the peer read what was sent before, then ends",
    withPair(async (left, right) => {
      for (let i = 1; i <= 20; i++) await left.send(frameOf(1_000, i));
      await left.close();
      const frames = await takeAll(right);
      expect(frames.map((frame) => frame[0])).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    }),
  );

  test(
    "ends the closer's own reading",
    withPair(async (left) => {
      const reading = takeAll(left);
      await left.close();
      expect(await reading).toEqual([]);
    }),
  );

  test(
    "twice is harmless, and sending afterwards is refused",
    withPair(async (left) => {
      await left.close();
      await left.close();
      await expect(left.send(frameOf(1, 1))).rejects.toMatchObject({ code: "TRANSPORT_CLOSED" });
    }),
  );

  test(
    "by the peer refuses what is sent afterwards",
    withPair(async (left, right) => {
      await right.close();
      await takeAll(left);
      await expect(left.send(frameOf(1, 1))).rejects.toMatchObject({ code: "TRANSPORT_CLOSED" });
    }),
  );

  test(
    "follows from leaving the loop",
    withPair(async (left, right) => {
      await left.send(frameOf(1, 1));
      for await (const _frame of right.receive()) break;
      expect(await takeAll(left)).toEqual([]);
    }),
  );

  test(
    "gives up a send that waits",
    withPair(async (left) => {
      const sending = (async () => {
        for (;;) await left.send(frameOf(65_536, 1));
      })();
      const outcome = sending.catch((error: unknown) => error);
      await Promise.resolve();
      await left.close();
      expect(await outcome).toMatchObject({ code: "TRANSPORT_CLOSED" });
    }),
  );
}

async function sendAll(transport: Transport, sizes: readonly number[], first: number): Promise<void> {
  for (const [index, size] of sizes.entries()) await transport.send(frameOf(size, index + first));
}

/** Reads `count` frames without leaving the loop, which would close the connection. */
async function take(transport: Transport, count: number): Promise<readonly Uint8Array[]> {
  const iterator = transport.receive()[Symbol.asyncIterator]();
  const frames: Uint8Array[] = [];
  while (frames.length < count) {
    const { done, value } = await iterator.next();
    if (done === true) break;
    frames.push(value);
  }
  return frames;
}

async function takeAll(transport: Transport): Promise<readonly Uint8Array[]> {
  const frames: Uint8Array[] = [];
  for await (const frame of transport.receive()) frames.push(frame);
  return frames;
}

/** The number once it has stopped growing. */
async function untilStill(read: () => number): Promise<number> {
  let before = -1;
  for (let still = 0; still < 3; ) {
    await macrotasks(20);
    const now = read();
    still = now === before ? still + 1 : 0;
    before = now;
  }
  return before;
}

/** Lets other work go on, without a timer: a message channel is on every platform. */
async function macrotasks(count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await new Promise<void>((resolve) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        resolve();
      };
      port2.postMessage(0);
    });
  }
}

// The part of the platform that the suite needs; the package is compiled without DOM types.
declare class MessageChannel {
  readonly port1: { onmessage: (() => void) | null; close(): void };
  readonly port2: { postMessage(value: unknown): void };
}

function frameOf(size: number, tag: number): Uint8Array {
  return new Uint8Array(size).fill(tag);
}

/** Length, first and last byte: enough to tell frames apart, and short when a test fails. */
function describeFrame(frame: Uint8Array): string {
  return `${frame.length} ${frame[0] ?? "-"} ${frame.at(-1) ?? "-"}`;
}
