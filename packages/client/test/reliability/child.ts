// A client in a process of its own, to be killed: node --conditions=@selkie/source child.ts. Its first line on stdin is a job. It says on
// stdout, a line each, what is done, and each time only once the promise has resolved; it goes on until it is killed or told to close.
import { writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { createClient, type DocId } from "@selkie/client";
import { nativeCrypto } from "@selkie/crypto/native";
import { toHex } from "@selkie/entry";
import { memoryStore } from "@selkie/store";
import { PASSWORD } from "../support/places.ts";
import { Dice } from "./dice.ts";
import type { Job, Note } from "./job.ts";
import { writeForEver } from "./workload.ts";

await import("@automerge/automerge"); // so that a child that waits for its job is warm

function say(line: string): void {
  writeSync(1, `${line}\n`);
}

async function run({ directory, seed }: Job, isClosing: () => boolean): Promise<void> {
  const client = await createClient({ store: directory, password: PASSWORD });
  say("at client");
  const tenant = await client.openTenant("acme");
  say("at tenant");
  const notes = await tenant.openDB<Note>("notes");
  say("at database");
  const { tenant: id, database } = notes.getStore();
  const before = await notes.getStore().vector();
  const random = (length: number): Uint8Array => nativeCrypto.randomBytes(length);
  const peer = memoryStore({ verifier: nativeCrypto, random }).entries(id, database);
  let position = 0;
  const publish = async (): Promise<void> => {
    await notes.pushChangesTo(peer);
    for (let done = false; !done; ) {
      const sent = await peer.readAfter(position, { entries: 1_000, bytes: 2 ** 22 });
      for (const { entries } of sent.runs) {
        for (const { header, id: entry } of entries) {
          const writer = toHex(header.writer);
          if (header.seq > (before.get(writer)?.seq ?? -1)) say(`sealed ${writer} ${header.seq} ${toHex(entry)}`);
        }
      }
      position = sent.position;
      done = sent.done;
    }
  };
  const ids: DocId[] = [...(await notes.getAllDocumentIds())];
  await writeForEver({ client, tenant, notes, ids, seed, dice: new Dice(seed), say, publish, isClosing });
  await client[Symbol.asyncDispose]();
  say("closed");
}

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
say("warm");
const job: unknown = (await lines.next()).value;
let closing = false;
const heard = lines.next().then(({ done }) => {
  closing = done !== true;
});
try {
  await run(JSON.parse(String(job)) as Job, () => closing);
  await heard;
  process.exit(0);
} catch (error) {
  say(`failed ${error instanceof Error && "code" in error ? String(error.code) : String(error)}`);
  throw error;
}
