// INTERIM
import * as A from "@automerge/automerge/slim";
import { toHex } from "@selkie/entry";
export interface LiveDocument {
  doc: A.Doc<Record<string, unknown>>;
}
const opts = { freeze: true };
function concat(changes: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(changes.reduce((n, c) => n + c.length, 0));
  let at = 0;
  for (const c of changes) {
    out.set(c, at);
    at += c.length;
  }
  return out;
}
export function loadDocument(changes: readonly Uint8Array[]): LiveDocument {
  return { doc: changes.length === 0 ? A.init(opts) : A.load(concat(changes), opts) };
}
export function applyTo(
  live: LiveDocument,
  changes: readonly Uint8Array[],
): { patches: readonly unknown[]; refused: readonly Uint8Array[] } {
  const patches: unknown[] = [];
  [live.doc] = A.applyChanges(live.doc, [...changes], { patchCallback: (p) => void patches.push(...p) });
  return { patches, refused: [] };
}
function withActor(live: LiveDocument, actor: Uint8Array): void {
  const hex = toHex(actor);
  if (A.getActorId(live.doc) !== hex) live.doc = A.clone(live.doc, { actor: hex, ...opts });
}
export function editDocument<R>(
  live: LiveDocument,
  actor: Uint8Array,
  edit: (data: object) => R,
): { change: Uint8Array | null; patches: readonly unknown[]; result: R } {
  withActor(live, actor);
  const before = A.getHeads(live.doc).join();
  const patches: unknown[] = [];
  let result: R | undefined;
  live.doc = A.change(live.doc, { time: 0, patchCallback: (p) => void patches.push(...p) }, (d) => {
    result = edit(d);
  });
  const change = A.getHeads(live.doc).join() === before ? null : (A.getLastLocalChange(live.doc) ?? null);
  return { change, patches, result: result as R };
}
export function createChange(actor: Uint8Array, data: object): Uint8Array {
  let doc = A.init<Record<string, unknown>>({ actor: toHex(actor) });
  doc = A.change(doc, { time: 0 }, (d) => {
    Object.assign(d, data);
  });
  if (A.getHeads(doc).length === 0) doc = A.emptyChange(doc, { time: 0 });
  const change = A.getLastLocalChange(doc);
  A.free(doc);
  return change as Uint8Array;
}
export function emptyChange(live: LiveDocument, actor: Uint8Array): Uint8Array {
  withActor(live, actor);
  live.doc = A.emptyChange(live.doc, { time: 0 });
  return A.getLastLocalChange(live.doc) as Uint8Array;
}
export function hasLooseEdits(live: LiveDocument): boolean {
  return (A.getBackend(live.doc) as unknown as { pendingOps(): number }).pendingOps() > 0;
}
export function dataOf(live: LiveDocument): object {
  return live.doc;
}
export function headsOf(live: LiveDocument): readonly string[] {
  return A.getHeads(live.doc);
}
export function freeDocument(live: LiveDocument): void {
  A.free(live.doc);
}
