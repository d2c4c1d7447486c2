import { entrySize, limits, runSize, toHex, type VerifiedRun, type WriterKey } from "@selkie/entry";
import type { EntryStore } from "@selkie/store";

/** Bytes of entries beyond the ends of one device's chains that are kept, so that they can be readmitted. */
const MOST_BEYOND = 16 * 2 ** 20;

const SLICE = { entries: 256, bytes: limits.runBytes };

/** Where a chain is cut, and whose it is. */
interface End {
  /** In hex. */
  readonly device: string;
  /** The last seq that counts. */
  readonly end: number;
}

export interface BeyondRoomContext {
  readonly entries: Pick<EntryStore, "read">;
  /** Null for a chain that nobody cut, or of whom nobody knows yet. */
  endOf(writer: WriterKey): End | null;
  /** All that are admitted. */
  writers(): readonly WriterKey[];
}

/** How far a chain was counted beyond its end. */
interface Counted {
  readonly end: number;
  readonly next: number;
  readonly bytes: number;
}

/**
 * The room for what lies beyond the cuts of chains.
 * SECURITY: D9. Who was revoked, and goes on writing, fills no disk (beyond-room.test.ts).
 */
export class BeyondRoom {
  readonly #at: BeyondRoomContext;
  /** By writer. */
  readonly #counted = new Map<string, Counted>();

  constructor(at: BeyondRoomContext) {
    this.#at = at;
  }

  /** Which of these runs may be kept, if all that may be are. What counts always is, also where its run goes on beyond the end. */
  async takes(runs: readonly VerifiedRun[]): Promise<readonly boolean[]> {
    const held = new Map<string, number>();
    const takes: boolean[] = [];
    for (const run of runs) {
      const of = this.#at.endOf(run.writer);
      if (of === null || run.firstSeq <= of.end) {
        takes.push(true);
        continue;
      }
      const bytes = (held.get(of.device) ?? (await this.#heldOf(of.device))) + runSize(run);
      takes.push(bytes <= MOST_BEYOND);
      if (bytes <= MOST_BEYOND) held.set(of.device, bytes);
    }
    return takes;
  }

  /** A chain was dropped or replaced from some place on. */
  forget(writer: WriterKey): void {
    this.#counted.delete(toHex(writer));
  }

  async #heldOf(device: string): Promise<number> {
    let bytes = 0;
    for (const writer of this.#at.writers()) {
      const of = this.#at.endOf(writer);
      if (of?.device === device) bytes += await this.#beyond(writer, of.end);
    }
    return bytes;
  }

  async #beyond(writer: WriterKey, end: number): Promise<number> {
    const name = toHex(writer);
    const known = this.#counted.get(name);
    let { next, bytes } = known?.end === end ? known : { next: end + 1, bytes: 0 };
    for (let run = await this.#at.entries.read(writer, next, SLICE); run !== null; ) {
      for (const entry of run.entries) bytes += entrySize(entry);
      next += run.entries.length;
      run = await this.#at.entries.read(writer, next, SLICE);
    }
    this.#counted.set(name, { end, next, bytes });
    return bytes;
  }
}
