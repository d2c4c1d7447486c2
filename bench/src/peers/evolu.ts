import { randomBytes } from "node:crypto";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startProcess } from "./process.ts";

const CLIENT = new URL("./evolu-client.js", import.meta.url);
const RELAY = new URL("./evolu-relay.js", import.meta.url);

export interface EvoluFound {
  /** Microseconds of CPU of all three processes, step by step. */
  readonly cpu: {
    /** Records made to changes, and their times durable on the first client; nothing is encrypted yet. */
    readonly create: number;
    /** Until every change is encrypted, stored by the relay, and decrypted and stored on the second client. */
    readonly transfer: number;
  };
  /** What the first client sent. */
  readonly bytes: number;
}

/** Two clients and a relay, each a process of its own. */
export interface EvoluSync extends AsyncDisposable {
  /** Records of a new owner are created, and go through the relay to the second client, which makes no tables of them. */
  turn(records: number): Promise<EvoluFound>;
}

export async function startEvolu(): Promise<EvoluSync> {
  const directory = await mkdtempDisposable(join(tmpdir(), "evolu-bench-"));
  const relay = startProcess(RELAY, [join(directory.path, "relay.db")]);
  const first = startProcess(CLIENT, [join(directory.path, "first.db")]);
  const second = startProcess(CLIENT, [join(directory.path, "second.db")]);
  const url = await relay.ask<string>("listen");
  const clock = async (): Promise<number> => (await first.cpu()) + (await second.cpu()) + (await relay.cpu());
  return {
    turn: async (count) => {
      const secret = new Uint8Array(randomBytes(32));
      await first.ask("own", secret);
      await second.ask("own", secret);
      const began = await clock();
      await first.ask("create", count);
      const created = await clock();
      const bytes = await first.ask<number>("sync", url);
      await second.ask("sync", url);
      const arrived = await clock();
      const decrypted = await second.ask<number>("decrypted");
      if (decrypted !== count) throw new RangeError(`${decrypted} of ${count} records arrived`);
      return { cpu: { create: created - began, transfer: arrived - created }, bytes };
    },
    [Symbol.asyncDispose]: async () => {
      for (const each of [first, second, relay]) await each[Symbol.asyncDispose]();
      await directory.remove();
    },
  };
}
