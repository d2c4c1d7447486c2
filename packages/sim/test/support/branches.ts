// A chain that goes on in two ways: entries with one document each, and who holds and shows which.
import { toHex, type VerifiedRun, type WriterKey } from "@selkie/entry";
import type { EntryStore } from "@selkie/store";
import { handMade } from "../../../core/test/automerge/hand-made-change.ts";
import type { SimDevice } from "../../src/sim-device.ts";
import type { HostileChain } from "./hostile-member.ts";
import { replicaOf } from "./lies.ts";
import type { Scene } from "./scene.ts";

const SLICE = { entries: 100, bytes: 1_000_000 };

/** The next entry of a chain: a new document that holds a value. */
export function writeValue(chain: HostileChain, counter: number, value: string): Promise<VerifiedRun> {
  const document = { counter };
  const { bytes } = handMade({ actor: toHex(chain.actor(document)), ops: [{ key: { text: "k" }, value }] });
  return chain.write([chain.change(document, bytes, { kind: "create" })]);
}

/** The values that a device shows, or everybody: of texts of a scene. */
export function valuesIn(texts: readonly string[]): readonly string[] {
  return texts.flatMap((text) => /"k":"(.*)"/.exec(text)?.[1] ?? []).sort();
}

/** Somebody brings runs to a device, one by one. */
export async function give(scene: Scene, device: SimDevice, runs: readonly VerifiedRun[]): Promise<void> {
  for (const run of runs) await scene.run(device.database.pullChangesFrom(replicaOf(scene, [run])));
}

export const idsOf = (...runs: readonly VerifiedRun[]): readonly string[] =>
  runs.flatMap(({ entries }) => entries.map(({ id }) => toHex(id)));

/** The ids of what is held of a chain. */
export async function idsHeld(entries: EntryStore, writer: WriterKey): Promise<readonly string[]> {
  const ids: string[] = [];
  for (;;) {
    const run = await entries.read(writer, ids.length, SLICE);
    if (run === null) return ids;
    ids.push(...idsOf(run));
  }
}
