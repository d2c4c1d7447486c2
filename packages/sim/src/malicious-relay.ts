import { pipe, SyncError, type Transport } from "@selkie/sync-protocol";
import type { Accept } from "./network.ts";

/** What a relay does to the frames that pass it, one after the other from 0: give them on, change them, drop them, invent some. */
export interface Mutation {
  fromRelay?: (frame: Uint8Array, index: number) => readonly Uint8Array[];
  fromClient?: (frame: Uint8Array, index: number) => readonly Uint8Array[];
}

/** The honest relay with a liar in front of it. */
export function maliciousRelay(accept: Accept, mutation: Mutation): Accept {
  return (client) => {
    const [front, back] = pipe();
    accept(back);
    const { fromRelay = unchanged, fromClient = unchanged } = mutation;
    void forward(front, client, fromRelay);
    void forward(client, front, fromClient);
  };
}

const unchanged = (frame: Uint8Array): readonly Uint8Array[] => [frame];

async function forward(from: Transport, to: Transport, mutate: NonNullable<Mutation["fromRelay"]>): Promise<void> {
  let index = 0;
  try {
    for await (const frame of from.receive())
      for (const changed of mutate(frame.slice(), index++)) await to.send(changed);
  } catch (error) {
    if (!(error instanceof SyncError)) throw error; // one side is gone: so is the other, below
  }
  await to.close();
}
