// Entries of the directory that came with holes where a permit for this device may be.
import {
  equalBytes,
  type Part,
  RECIPIENT_TAG_BYTES,
  recipientName,
  recipientTag,
  tableIndex,
  toHex,
  type VerifiedEntry,
  type Wanted,
} from "@selkie/entry";
import type { PlacedStatement } from "../directory/admission.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import { deviceName, recipientNames } from "../directory/recipient-names.ts";
import type { PermitStatement } from "../directory/statement.ts";
import { hexOf } from "../hex.ts";
import { joinedWith, liveAdmissionOf } from "./own-admissions.ts";
import type { Place } from "./parked-places.ts";
import { personPlaces } from "./person-places.ts";
import type { ReadPlace } from "./read-place.ts";
import type { TenantContext } from "./tenant-context.ts";

/** As many recipients as a relay may be told of (docs/spec/sync.md section 3.5): who has more keys gets all permits. */
const MOST_RECIPIENTS = 16;

interface Holed extends Place {
  /** What it says is sealed under a key that is not here. */
  readonly isClosed: boolean;
}

/** What the directory says, and how its entries are read. */
export interface DuePermitsLook {
  readonly view: DirectoryView;
  /** By id in hex. */
  readonly placed: ReadonlyMap<string, Pick<PlacedStatement, "id" | "entry" | "statement">>;
  readonly read: ReadPlace;
}

/**
 * A relay leaves out of the directory the permits that are for others. One that this device is due must not be missing: of an entry that
 * says so, and of one that this device cannot read, every part is asked for.
 */
export class DuePermits {
  readonly #context: Pick<TenantContext, "platform" | "ring" | "keys" | "admittedBy" | "parts">;
  /** By entry in hex. */
  readonly #holed = new Map<string, Holed>();
  /** Those of them that name none of the keys in `#own`. */
  readonly #foreign = new Set<string>();
  #own = "";
  #lacking: ReadonlyMap<string, Place> = new Map();

  constructor(context: Pick<TenantContext, "platform" | "ring" | "keys" | "admittedBy" | "parts">) {
    this.#context = context;
  }

  /** What relays are to send: the permits for this device and its person. Null for all. */
  wanted(): Wanted | null {
    const { platform, parts } = this.#context;
    const kems = this.#kems();
    if (parts === "all" || kems.length > MOST_RECIPIENTS) return null;
    return { recipients: kems.map((kem) => recipientName(platform.crypto, kem)), tags: [], contentsOnly: false };
  }

  /** An entry was read. @param isClosed whether what it says could not be opened; @returns whether it had lacked parts before */
  note(entry: VerifiedEntry, isClosed: boolean): boolean {
    const id = toHex(entry.id);
    const { writer, seq } = entry.header;
    const isAgain = this.#holed.delete(id);
    if (entry.parts.some(isHole)) this.#holed.set(id, { writer, seq, isClosed });
    return isAgain;
  }

  clear(): void {
    this.#holed.clear();
    this.#foreign.clear();
    this.#lacking = new Map();
  }

  /** Whether a part of this entry is missing that may be for this device. */
  lacks(entry: VerifiedEntry): boolean {
    return this.#lacking.has(toHex(entry.id)) && entry.parts.some(isHole);
  }

  /** Where parts are missing that may be for this device. */
  lacking(): readonly Place[] {
    return [...this.#lacking.values()];
  }

  /** The directory or the keys changed. */
  async look(at: DuePermitsLook): Promise<void> {
    const lacking = new Map<string, Place>();
    const due = this.#holed.size === 0 ? null : this.#dueIn(at);
    for (const [id, place] of due === null ? [] : this.#holed) {
      const isAnything = this.#context.parts === "all" || place.isClosed;
      if (isAnything || (await this.#isMissing(at, place, due?.get(id) ?? []))) lacking.set(id, place);
    }
    this.#lacking = lacking;
  }

  /** By entry: the KEM keys of this device and its person that it gives something which is not here. Null for who is out: nobody gives it any. */
  #dueIn({ view, placed }: DuePermitsLook): ReadonlyMap<string, readonly Uint8Array[]> | null {
    const { platform, ring, keys, admittedBy } = this.#context;
    const joined = joinedWith(view, admittedBy);
    if (joined !== null && liveAdmissionOf(view, joined) === undefined) return null;
    const own = this.#ownReferences(view);
    const due = new Map<string, Uint8Array[]>();
    const add = (entry: string, kem: Uint8Array): void => void due.set(entry, [...(due.get(entry) ?? []), kem]);
    const read = new Set<string>();
    for (const each of placed.values()) {
      const { statement } = each;
      const id = hexOf(each.entry);
      if (statement.type !== "permit" || !this.#holed.has(id) || this.#foreign.has(id)) continue;
      const names = recipientNames(platform.crypto, each, statement);
      const kems = [...own].flatMap(([name, kem]) => (names.has(name) ? [kem] : []));
      if (kems.length === 0) read.add(id);
      else if (!isHere(ring, statement)) for (const kem of kems) add(id, kem);
    }
    for (const { by, names } of joined === null ? [] : personPlaces(platform.crypto, { view, placed }, joined)) {
      const at = placed.get(toHex(by));
      if (at !== undefined && names.some((name) => !keys.person.holds(name)))
        add(hexOf(at.entry), keys.deviceKem.publicKey);
    }
    for (const id of read) if (!due.has(id)) this.#foreign.add(id);
    return due;
  }

  /** The names by which statements call the keys of this device and its person, and the keys. */
  #ownReferences(view: DirectoryView): ReadonlyMap<string, Uint8Array> {
    const { keys, admittedBy } = this.#context;
    const own = new Map<string, Uint8Array>();
    const userKeys = keys.person.userKeys.map(({ kem }) => kem.publicKey);
    const heldOf = (kem: Uint8Array): Uint8Array | undefined => userKeys.find((held) => equalBytes(held, kem));
    for (const { id, user, userKem, deviceKem } of view.allDevices()) {
      if (equalBytes(deviceKem, keys.deviceKem.publicKey)) own.set(deviceName(hexOf(id)), deviceKem);
      const held = heldOf(userKem);
      if (held !== undefined) own.set(hexOf(user), held);
    }
    const joined = joinedWith(view, admittedBy);
    for (const { by, kem } of joined === null ? [] : view.everyUserKey(joined)) {
      const held = heldOf(kem);
      if (held !== undefined) own.set(hexOf(by), held);
    }
    const names = [...own.keys()].toSorted().join();
    if (names !== this.#own) this.#foreign.clear();
    this.#own = names;
    return own;
  }

  /**
   * Whether one of these keys has no permit in the entry as it is stored, or no bundle.
   * SECURITY: a permit that is there and gives nothing is its author's doing: whoever writes an entry may name anybody (due-permits.test.ts).
   */
  async #isMissing({ read }: DuePermitsLook, place: Place, kems: readonly Uint8Array[]): Promise<boolean> {
    const { crypto } = this.#context.platform;
    const entry = kems.length === 0 ? null : await read(place);
    if (entry === null) return false;
    const permits = entry.parts.flatMap((part) =>
      part.type === "sealed" && part.table === tableIndex.hpke
        ? [part.ciphertext.subarray(0, RECIPIENT_TAG_BYTES)]
        : [],
    );
    const isThere = (kem: Uint8Array): boolean => {
      const tag = recipientTag(crypto, recipientName(crypto, kem), entry.header.salt);
      return permits.some((permit) => equalBytes(permit, tag));
    };
    return !kems.every(isThere) || entry.parts.some((part) => isHole(part) && part.table === tableIndex.bundle);
  }

  #kems(): readonly Uint8Array[] {
    const { person, deviceKem } = this.#context.keys;
    return [deviceKem.publicKey, ...person.userKeys.map(({ kem }) => kem.publicKey)];
  }
}

/** Whether everything that a permit gives is held. */
function isHere(ring: TenantContext["ring"], { versions, history }: PermitStatement): boolean {
  return versions.every(({ version }) => ring.holds(version, history));
}

const isHole = ({ type }: Part): boolean => type === "hole";
