import * as Automerge from "@automerge/automerge";
import { createClient, type Database, type Tenant } from "@selkie/client";
import { dialWebSocket, originOf } from "@selkie/sync-protocol";
import { counting, noTraffic } from "../counting-transport.ts";
import { type BenchRecord, record } from "../record.ts";
import { serve } from "./process.ts";

const client = await createClient({ store: process.argv[2] ?? "", password: "a password for the benchmark" });
let tenant: Tenant | undefined;
let records: Database<BenchRecord> | undefined;

serve({
  request: async () => (await client.createJoinRequest("CN=bob")).toString(),
  begin: async () => {
    tenant = await client.createTenant("bench", { user: "CN=alice" });
  },
  create: async ({ database, count }: { database: string; count: number }) => {
    records = await tenant?.openDB<BenchRecord>(database);
    const ids = await records?.createDocuments(someRecords(count));
    if (ids?.length !== count) throw new RangeError("not all were created");
  },
  found: async (request: string) => {
    tenant = await client.createTenant("bench", { user: "CN=alice" });
    return (await tenant.directory.approveJoinRequest(request, { role: "editor" })).toString();
  },
  rawBytes: (count: number) => {
    let bytes = 0;
    for (let at = 0; at < count; at++) bytes += rawChange(at);
    return bytes;
  },
  join: async (response: string) => {
    tenant = await client.joinTenant(response);
  },
  upload: async (url: string) => {
    const traffic = noTraffic();
    const dial = dialWebSocket(url, { scheduler });
    const line = await tenant?.connect(async (signal) => counting(await dial(signal), traffic), {
      origin: originOf(url),
    });
    await line?.synced();
    await line?.[Symbol.asyncDispose]();
    return traffic.sentBytes;
  },
  /** Resolves when every record is stored, verified and decrypted: ids are known of no others. No document is made of any. */
  download: async ({ url, database, count }: { url: string; database: string; count: number }) => {
    const line = await tenant?.connect(url);
    records = await tenant?.openDB<BenchRecord>(database);
    await line?.synced();
    await line?.[Symbol.asyncDispose]();
    const opened = (await records?.getAllDocumentIds())?.length;
    if (opened !== count) throw new RangeError(`${opened} of ${count} records arrived`);
  },
  read: async (count: number) => {
    let read = 0;
    for (const id of (await records?.getAllDocumentIds()) ?? [])
      if ((await records?.getDocument(id))?.getData().name !== undefined) read += 1;
    if (read !== count) throw new RangeError(`${read} of ${count} records are readable`);
  },
  close: async () => {
    await records?.[Symbol.asyncDispose]();
    records = undefined;
  },
});

const scheduler = {
  after: (ms: number, run: () => void) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

function* someRecords(count: number): Generator<BenchRecord> {
  for (let at = 0; at < count; at++) yield record(at);
}

/** The bytes of the change as Automerge makes it; other ways to fill a document make more of them. */
function rawChange(at: number): number {
  const doc = Automerge.from({ ...record(at) });
  const bytes = Automerge.getLastLocalChange(doc)?.length ?? 0;
  Automerge.free(doc);
  return bytes;
}
