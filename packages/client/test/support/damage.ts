import { readFileSync, writeFileSync } from "node:fs";
import type { Dice } from "../reliability/dice.ts";

const PAGE = 4_096;

/** Damages a file in place, as a failing disk does; what was done, for the message of a failing test. */
export function damage(path: string, dice: Dice): string {
  const bytes = readFileSync(path);
  const at = dice.below(bytes.length);
  const page = at - (at % PAGE);
  const length = Math.min(bytes.length - at, 1 + dice.below(64));
  const kinds: readonly (readonly [string, () => Uint8Array])[] = [
    ["a bit", () => bytes.fill(bytes.readUInt8(at) ^ (1 << dice.below(8)), at, at + 1)],
    ["a byte", () => bytes.fill(dice.below(256), at, at + 1)],
    ["zeroed bytes", () => bytes.fill(0, at, at + length)],
    ["random bytes", () => bytes.map((byte, place) => (place >= at && place < at + length ? dice.below(256) : byte))],
    ["a zeroed page", () => bytes.fill(0, page, Math.min(bytes.length, page + PAGE))],
    ["the end cut off", () => bytes.subarray(0, at)],
  ];
  // Small damage is what checks may overlook.
  const [name, damaged] = dice.percent(50) ? dice.pick(kinds.slice(0, 2)) : dice.pick(kinds);
  writeFileSync(path, damaged());
  return `${name} at ${at} of ${bytes.length}`;
}
