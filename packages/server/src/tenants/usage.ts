// How much a tenant keeps here and who pushed it. The relay cannot tell who wrote an entry, only which login key brought it, so
// that key is charged: the only thing a leaked key can use up is its own share.

import { type LoginKey, toHex } from "@selkie/entry";

export interface UsageCaps {
  /** Sealed bytes of the whole tenant. */
  readonly tenantBytes: number;
  /** Sealed bytes of one login key. */
  readonly loginKeyBytes: number;
}

/** Bytes taken before a write, to be corrected once it is known what the write kept. */
export interface Charge {
  /** Keeps `bytes` of the charge, from 0 to all of it, and gives back the rest. */
  settle(bytes: number): void;
}

/** Bytes taken before something arrives that may take long, or may not come at all: until it is here, none of them are stored as used. */
export interface Reservation {
  readonly bytes: number;
  /** It is here. */
  keep(): void;
  /** It does not come. */
  release(): void;
}

/** Bytes by login key. */
export class TenantUsage {
  readonly #caps: UsageCaps;
  readonly #bytesByKey: Map<string, number>;
  /** Login keys whose stored number is too high, because a charge was given back after it was written. */
  readonly #unsaved = new Set<string>();
  readonly #reservedByKey = new Map<string, number>();
  #reserved = 0;
  #total: number;

  constructor(caps: UsageCaps, bytesByKey: ReadonlyMap<string, number>) {
    this.#caps = caps;
    this.#bytesByKey = new Map(bytesByKey);
    this.#total = [...bytesByKey.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  get totalBytes(): number {
    return this.#total;
  }

  bytesOf(key: LoginKey): number {
    return this.#bytesByKey.get(toHex(key)) ?? 0;
  }

  /** Charges a login key, or answers null when the key or its tenant has too little left. */
  charge(key: LoginKey, bytes: number): Charge | null {
    const name = toHex(key);
    if (bytes > 0 && !this.#hasRoom(name, bytes)) return null;
    this.#add(name, bytes);
    let open = true;
    return {
      settle: (kept) => {
        if (!open) return;
        open = false;
        if (kept < bytes) this.#unsaved.add(name);
        this.#add(name, kept - bytes);
      },
    };
  }

  /** Keeps room for what a login key is about to bring, or answers null when the key or its tenant has too little left. */
  reserve(key: LoginKey, bytes: number): Reservation | null {
    const name = toHex(key);
    if (!this.#hasRoom(name, bytes)) return null;
    this.#reserve(name, bytes);
    let open = true;
    const end = (kept: number): void => {
      if (!open) return;
      open = false;
      this.#reserve(name, -bytes);
      this.#add(name, kept);
    };
    return { bytes, keep: () => end(bytes), release: () => end(0) };
  }

  /** Gives back what was dropped, or not stored after all. The number is to be stored. */
  giveBack(key: LoginKey, bytes: number): void {
    const name = toHex(key);
    this.#unsaved.add(name);
    this.#add(name, -Math.min(bytes, this.bytesOf(key)));
  }

  /** Charges anew what was given back and is there still. */
  takeAgain(key: LoginKey, bytes: number): void {
    this.#add(toHex(key), bytes);
  }

  /** The number to store for a login key, with what is charged and not yet settled. */
  save(key: LoginKey): number {
    this.#unsaved.delete(toHex(key));
    return this.bytesOf(key);
  }

  /** Whether the number stored for a login key is out of date. */
  isUnsaved(key: LoginKey): boolean {
    return this.#unsaved.has(toHex(key));
  }

  #hasRoom(name: string, bytes: number): boolean {
    const ofKey = (this.#bytesByKey.get(name) ?? 0) + (this.#reservedByKey.get(name) ?? 0);
    const { loginKeyBytes, tenantBytes } = this.#caps;
    return ofKey + bytes <= loginKeyBytes && this.#total + this.#reserved + bytes <= tenantBytes;
  }

  #reserve(name: string, bytes: number): void {
    const reserved = (this.#reservedByKey.get(name) ?? 0) + bytes;
    if (reserved === 0) this.#reservedByKey.delete(name);
    else this.#reservedByKey.set(name, reserved);
    this.#reserved += bytes;
  }

  #add(name: string, bytes: number): void {
    this.#bytesByKey.set(name, (this.#bytesByKey.get(name) ?? 0) + bytes);
    this.#total += bytes;
  }
}
