// The sealed local state of a device that is closed, row by row.
import type { RowKind } from "../../src/local/local-state.ts";
import type { Device } from "./lab.ts";

export interface Row {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

export function stateRows(device: Device): Promise<readonly Row[]> {
  const found: Row[] = [];
  return device
    .inJournal(async (_, { store }) => {
      for await (const row of store.state.range(Uint8Array.of(0), new Uint8Array(200).fill(255))) found.push(row);
    })
    .then(() => found);
}

/** Has these in the place of all. */
export async function putRows(device: Device, some: readonly Row[]): Promise<void> {
  const before = await stateRows(device);
  await device.inJournal(async (_, { store }) => {
    await store.commit({ remove: before.map(({ key }) => key) });
    await store.commit({ put: some as never });
  });
}

export const isOfKind =
  (kind: RowKind) =>
  ({ key }: Row): boolean =>
    key[32] === kind;

/** The same with another bit at a place; from the end, if it is negative. */
export function flipped(value: Uint8Array, at: number): Uint8Array {
  const copy = value.slice();
  const place = Math.min(at < 0 ? copy.length + at : at, copy.length - 1);
  copy[place] = (copy[place] ?? 0) ^ 1;
  return copy;
}
