import { changeLimits } from "../automerge/change-limits.ts";
import type { PartWork } from "../automerge/part-work.ts";

/** How many parts and bytes of changes one entry holds at most. */
export const ENTRY_PARTS = 100;
export const ENTRY_BYTES: number = 512 * 1024;

/** A part that is to be sealed. */
interface Sized {
  /** Of its changes. */
  readonly bytes: number;
  readonly work: PartWork;
}

/** Parts in their order, in as few entries as hold them: parts share an entry's work equally, so one of much work has few beside it. */
export function fillEntries<Part extends Sized>(parts: readonly Part[]): readonly (readonly Part[])[] {
  const entries: Part[][] = [];
  let [bytes, mostWork] = [0, 0];
  for (const part of parts) {
    const last = entries.at(-1);
    bytes += part.bytes;
    mostWork = Math.max(mostWork, part.work.total);
    const count = (last?.length ?? 0) + 1;
    const fits = count <= ENTRY_PARTS && bytes <= ENTRY_BYTES && count * mostWork <= changeLimits.entryWork;
    if (last !== undefined && fits) last.push(part);
    else {
      entries.push([part]);
      bytes = part.bytes;
      mostWork = part.work.total;
    }
  }
  return entries;
}
