// A process of its own, to be killed: node --conditions=@selkie/source child.ts <command> <directory> [seed]. It says on stdout, line
// by line, what it has done, and never ends by itself.
import { parseBlobHash, toHex } from "@selkie/entry";
import { nativeVerifier } from "@selkie/entry/native";
import { publicState, type Store, StoreError } from "@selkie/store";
import { bytesOf, databaseOf, TestWriter, tenantOf } from "@selkie/store/contract";
import { openSqliteStore } from "../src/index.ts";
import { fill } from "./filling.ts";
import { WIPED } from "./forgetting.ts";

const [command = "", directory = "", seed = "0"] = process.argv.slice(2);

/** Three callers at once, each acknowledging what is durable: entries with state in groups, and blobs. */
async function writeForEver(store: Store): Promise<never> {
  const writer = await TestWriter.create(nativeVerifier, databaseOf(1), Number(seed));
  const entries = store.entries(tenantOf(1), databaseOf(1));
  for (let number = 0; ; number++) {
    const bytes = bytesOf(number + Number(seed), 300);
    const hash = parseBlobHash(nativeVerifier.sha256(bytes));
    await store.blobs(tenantOf(1)).put(hash, once(bytes));
    say(`blob ${toHex(hash)}`);
    const runs = [await writer.write(), await writer.write({ count: 3 }), await writer.write()];
    await Promise.all(
      runs.map(async (run, lane) => {
        const key = Uint8Array.from([...Buffer.from(seed), 0, number >> 8, number & 255, lane]);
        const append = [{ tenant: tenantOf(1), database: entries.database, run }];
        await store.commit({ append, put: [{ key, value: publicState(bytesOf(number, 50)) }], expect: "all-appended" });
        say(`${toHex(writer.key)} ${run.firstSeq + run.entries.length - 1} ${toHex(key)} ${number}`);
      }),
    );
  }
}

/** Stores large blobs, under their names and without, and says what becomes of each; then small ones. */
async function storeLarge(store: Store): Promise<void> {
  const blobs = store.blobs(tenantOf(1));
  for (const length of [4_000_000, 1_000]) {
    const bytes = bytesOf(length, length);
    const hash = parseBlobHash(nativeVerifier.sha256(bytes));
    say(`put ${await outcomeOf(() => blobs.put(hash, once(bytes)))}`);
    say(`add ${await outcomeOf(() => blobs.add(once(bytes)))}`);
    say(`held ${(await blobs.sizeOf(hash)) ?? "nothing"}`);
  }
}

async function outcomeOf(work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
    return "done";
  } catch (error) {
    return error instanceof StoreError ? error.code : String(error);
  }
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

try {
  const store = await openSqliteStore({ directory, verifier: nativeVerifier });
  say(`open ${toHex(store.instance)}`);
  if (command === "fill") await fill(store);
  if (command === "forget") {
    say("forgetting");
    await store.forget(WIPED);
  }
  if (command === "large") await storeLarge(store);
  if (command === "write") await writeForEver(store);
  say("ready");
} catch (error) {
  say(`failed ${error instanceof StoreError ? error.code : String(error)}`);
}
process.stdin.resume();
