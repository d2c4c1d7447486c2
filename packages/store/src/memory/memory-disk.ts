// What an in-memory store leaves behind: enough to play crash, restart and copying without a disk.
import type { InstanceId } from "../instance-id.ts";
import { StoreError } from "../store-error.ts";
import { copyDatabase, type MemoryDatabase } from "./memory-database.ts";
import { MemoryRecords } from "./memory-records.ts";

/** Everything stored. */
export interface MemoryContent {
  generation: Uint8Array | null;
  /** By hex tenant id and hex database id. */
  readonly databases: Map<string, MemoryDatabase>;
  /** By hex tenant id, then hex hash. */
  readonly blobs: Map<string, Map<string, Uint8Array>>;
  readonly state: MemoryRecords;
}

/** Outlives the memory store that writes to it, so that a test or a simulation can reopen what a crash left behind. */
export class MemoryDisk {
  /** For the memory store only. */
  readonly content: MemoryContent;
  #owner: symbol | null = null;
  #clean: InstanceId | null = null;

  constructor(content?: MemoryContent) {
    this.content = content ?? { generation: null, databases: new Map(), blobs: new Map(), state: new MemoryRecords() };
  }

  /** Cuts off the store that has this disk open, as a crash would: whatever was committed stays, the instance does not go on. */
  crash(): void {
    this.#owner = null;
    this.#clean = null;
  }

  /** A copy of what is stored, as copying a directory makes it: no instance goes on from it. */
  copy(): MemoryDisk {
    const { generation, databases, blobs, state } = this.content;
    const copied = new Map([...databases].map(([name, database]) => [name, copyDatabase(database)]));
    const copiedBlobs = new Map([...blobs].map(([tenant, held]) => [tenant, new Map(held)]));
    return new MemoryDisk({ generation, databases: copied, blobs: copiedBlobs, state: state.copy() });
  }

  /** Takes the lock; the instance of the last owner if it closed cleanly. For the memory store only. */
  acquire(owner: symbol): InstanceId | null {
    if (this.#owner !== null) throw new StoreError("STORE_LOCKED", "this memory disk is open in another store");
    this.#owner = owner;
    const clean = this.#clean;
    this.#clean = null;
    return clean;
  }

  /** Whether `owner` still holds the lock. For the memory store only. */
  isHeldBy(owner: symbol): boolean {
    return this.#owner === owner;
  }

  /** Gives the lock back after a clean close. For the memory store only. */
  release(instance: InstanceId): void {
    this.#owner = null;
    this.#clean = instance;
  }
}
