// A process that opens one document and reads it, by Selkie, with bare Automerge or with automerge-repo.
import { readFile } from "node:fs/promises";
import * as Automerge from "@automerge/automerge";
import { Repo } from "@automerge/automerge-repo";
import { NodeFSStorageAdapter } from "@automerge/automerge-repo-storage-nodefs";
import { createClient, type DocId, type Tenant } from "@selkie/client";
import { PASSWORD, type Page } from "../typists.ts";
import { serve } from "./process.ts";

let tenant: Tenant | undefined;
let repo: Repo | undefined;

/** WebAssembly is loaded and was used once. */
function warmUp(): void {
  if (Automerge.load<Page>(Automerge.save(Automerge.from<Page>({ text: "warm" }))).text !== "warm")
    throw new RangeError("Automerge does not work");
}

const openRepo = (directory: string): Repo => new Repo({ storage: new NodeFSStorageAdapter(directory) });

serve({
  /** Unlocks the keys. */
  openSelkie: async (directory: string) => {
    warmUp();
    const client = await createClient({ store: directory, password: PASSWORD });
    tenant = await client.openTenant("bench");
  },
  readSelkie: async (id: DocId) => {
    const pages = await tenant?.openDB<Page>("pages");
    return (await pages?.getDocument(id))?.getData().text.length;
  },
  openBare: warmUp,
  readBare: async (path: string) => Automerge.load<Page>(await readFile(path)).text.length,
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
  readRepo: async (id: string) => (await repo?.find<Page>(id as never))?.doc().text.length,
});
