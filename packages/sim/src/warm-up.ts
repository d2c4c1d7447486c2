import { World } from "./world.ts";

let warming: Promise<void> | null = null;

/** Loads in real time, once for this process, what virtual time can't wait for: modules, WebAssembly, the first Argon2id. */
export function warmUp(): Promise<void> {
  warming ??= load();
  return warming;
}

async function load(): Promise<void> {
  const [device] = new World("warm-up", 1).devices;
  await device?.setUp();
  await device?.found();
  const database = await device?.openDatabase();
  const doc = await database?.createDocument({ warm: true });
  if (doc === undefined) return;
  await database?.changeDoc(doc, (draft) => {
    draft.getData()["warm"] = false; // a document that was only created needs no Automerge
  });
  await database?.purgeDocHistory(doc.id, { keep: "newest" });
}
