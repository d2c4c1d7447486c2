// The same text typed with bare Automerge and with Selkie.
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import * as Automerge from "@automerge/automerge";
import { createClient, type DocId, memory } from "@selkie/client";
import type { Keystroke } from "./prose.ts";
import { meet, together } from "./two-devices.ts";

export const PASSWORD = "a password for the benchmark";

export type Page = { text: string };

/** Makes a change of each key, and takes its bytes as whoever syncs would. */
export class BareTypist {
  doc: Automerge.Doc<Page> = Automerge.from<Page>({ text: "" });
  /** Of all changes. */
  bytes = 0;

  type(keys: readonly Keystroke[]): void {
    for (const { at, deleted, typed } of keys) {
      this.doc = Automerge.change(this.doc, (draft) => Automerge.splice(draft, ["text"], at, deleted, typed));
      this.bytes += Automerge.getLastLocalChange(this.doc)?.length ?? 0;
    }
  }
}

/** What the other device got. */
export interface Arrived {
  readonly id: DocId;
  readonly text: string;
  /** Both ways, of the connection that brought the text. */
  readonly wireBytes: number;
  /** That its disk has more than before. */
  readonly diskBytes: number;
}

/** Types on a device in memory, offline, and then syncs with one whose disk is in this directory. */
export interface Typist extends AsyncDisposable {
  /** Each key is durable before the next. */
  type(keys: readonly Keystroke[]): Promise<void>;
  /** Once: the other device is closed afterwards. */
  send(): Promise<Arrived>;
}

export async function selkieTypist(directory: string): Promise<Typist> {
  const here = await createClient({ store: memory(), password: PASSWORD });
  const before = await createClient({ store: directory, password: PASSWORD });
  const [tenant, theirs] = await together(here, before);
  const pages = await tenant.openDB<Page>("pages");
  const page = await pages.createDocument({ text: "" });
  await theirs.openDB("pages");
  await meet(tenant, theirs);
  await before[Symbol.asyncDispose]();
  const empty = await sizeOf(directory);
  return {
    type: async (keys) => {
      for (const { at, deleted, typed } of keys)
        await pages.changeDoc(page, (draft) => draft.text(["text"]).splice(at, deleted, typed));
    },
    send: async () => {
      const there = await createClient({ store: directory, password: PASSWORD });
      const received = await (await there.openTenant("bench")).openDB<Page>("pages");
      const wireBytes = await meet(tenant, received.tenant);
      const { text } = (await received.getDocument(page.id)).getData();
      await there[Symbol.asyncDispose]();
      return { id: page.id, text, wireBytes, diskBytes: (await sizeOf(directory)) - empty };
    },
    [Symbol.asyncDispose]: () => here[Symbol.asyncDispose](),
  };
}

async function sizeOf(directory: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size;
  return bytes;
}
