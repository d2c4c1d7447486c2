// A process that opens one document and reads it, by Selkie, with bare Automerge or with automerge-repo.
import { readFile } from "node:fs/promises";
import * as Automerge from "@automerge/automerge";
import { Repo } from "@automerge/automerge-repo";
import { NodeFSStorageAdapter } from "@automerge/automerge-repo-storage-nodefs";
import { createClient, type Database, type DocId, type Tenant, whenVerified } from "@selkie/client";
import { PASSWORD, type Page } from "../typists.ts";
import { serve } from "./process.ts";

/** A text that was read. */
export interface PageRead {
  readonly length: number | undefined;
  /** CPU time until it was there, user and system, in microseconds. */
  readonly us: number;
}

let tenant: Tenant | undefined;
let pages: Database<Page> | undefined;
let repo: Repo | undefined;

/** WebAssembly is loaded and was used once. */
function warmUp(): void {
  if (Automerge.load<Page>(Automerge.save(Automerge.from<Page>({ text: "warm" }))).text !== "warm")
    throw new RangeError("Automerge does not work");
}

async function timed(read: () => Promise<number | undefined>): Promise<PageRead> {
  const before = process.cpuUsage();
  const length = await read();
  const { user, system } = process.cpuUsage(before);
  return { length, us: user + system };
}

const openRepo = (directory: string): Repo => new Repo({ storage: new NodeFSStorageAdapter(directory) });

serve({
  /** Unlocks the keys. */
  openSelkie: async (directory: string) => {
    warmUp();
    const client = await createClient({ store: directory, password: PASSWORD });
    tenant = await client.openTenant("bench");
  },
  readSelkie: (id: DocId) =>
    timed(async () => {
      pages = await tenant?.openDB<Page>("pages");
      return (await pages?.getDocument(id))?.getData().text.length;
    }),
  /** Until its entries are read, too. */
  verifySelkie: () => (pages === undefined ? undefined : whenVerified(pages)),
  openBare: warmUp,
  readBare: (path: string) => timed(async () => Automerge.load<Page>(await readFile(path)).text.length),
  importRepo: async ({ directory, path }: { directory: string; path: string }) => {
    const made = openRepo(directory);
    const { documentId } = made.import<Page>(await readFile(path));
    await made.flush();
    return documentId;
  },
  openRepo: (directory: string) => {
    warmUp();
    repo = openRepo(directory);
  },
  readRepo: (id: string) => timed(async () => (await repo?.find<Page>(id as never))?.doc().text.length),
});
