import { toHex, type VerifiedEntry, type WriterKey } from "@selkie/entry";
import type { ChangeRefusalCode } from "../automerge/change-error.ts";
import type { CoreErrorCode } from "../errors.ts";
import type { EntryRefusalCode } from "./delivery.ts";

/** Why something counts for nothing: docs/errors.md says what to do about each. */
export type QuarantineReason = ChangeRefusalCode | EntryRefusalCode | CoreErrorCode | "PART_UNDECRYPTABLE";

/** An entry, or a change in it, that counts for nothing on this replica, and why. */
export interface Quarantined {
  /** In hexadecimal. */
  readonly entryId: string;
  readonly user: string;
  readonly reason: QuarantineReason;
}

/** An entry by its name, and whose chain it is in. */
export interface EntryName extends Pick<VerifiedEntry, "id"> {
  readonly header: Pick<VerifiedEntry["header"], "writer">;
}

interface Item extends Quarantined {
  readonly writer: WriterKey;
}

/** How many items are remembered: of a writer, and of all writers of one user. */
const OF_MEMBERS = { writer: 1_000, user: 4_000 };
/** The same of writers that the directory refuses: anybody can begin as many as he likes, and one shows as well as a thousand what he is. */
const OF_STRANGERS = { writer: 16, user: 4_096 };

/** Where items stand that belong to an entry and not to one document. */
const NO_DOCUMENT = "";

/**
 * What counts for nothing, by document. Each item is announced once, however often its entry is read; of a writer, and of a user, who makes
 * very many, the first are remembered and announced.
 * SECURITY: D7. Nobody's items keep another's from being seen, or take more than their place (quarantine.test.ts).
 */
export class Quarantine {
  readonly #announce: (item: Quarantined) => void;
  readonly #itemsByDocument = new Map<string, Map<string, Item>>();
  /** By user, and by writer. */
  readonly #counts = new Map<string, number>();

  constructor(announce: (item: Quarantined) => void) {
    this.#announce = announce;
  }

  /** @param document null for an entry, or a part that names none */
  add(
    { id, header: { writer } }: EntryName,
    document: string | null,
    { user, reason }: Pick<Quarantined, "user" | "reason">,
  ): void {
    this.#add(document ?? NO_DOCUMENT, { entryId: toHex(id), user, reason, writer });
  }

  /** An entry counts after all. */
  release(entry: VerifiedEntry, reason: QuarantineReason): void {
    const items = this.#itemsByDocument.get(NO_DOCUMENT);
    const name = `${toHex(entry.id)} ${reason}`;
    const item = items?.get(name);
    if (item === undefined) return;
    items?.delete(name);
    this.#count(item, -1);
  }

  /** An entry is here no more. */
  forget(entry: VerifiedEntry): void {
    const items = this.#itemsByDocument.get(NO_DOCUMENT);
    const id = toHex(entry.id);
    for (const [name, item] of items ?? []) {
      if (item.entryId !== id) continue;
      items?.delete(name);
      this.#count(item, -1);
    }
  }

  /** Everything that is remembered. */
  *list(): Iterable<Quarantined> {
    for (const items of this.#itemsByDocument.values())
      for (const { entryId, user, reason } of items.values()) yield { entryId, user, reason };
  }

  /** The writers of everything that is remembered. */
  writers(): readonly WriterKey[] {
    const writers = new Map<string, WriterKey>();
    for (const items of this.#itemsByDocument.values())
      for (const { writer } of items.values()) writers.set(toHex(writer), writer);
    return [...writers.values()];
  }

  /** The writers of what counts for nothing in a document. */
  writersIn(document: string): readonly WriterKey[] {
    return [...(this.#itemsByDocument.get(document)?.values() ?? [])].map(({ writer }) => writer);
  }

  /** The items of a document are these of `other`, from now on; what is new is announced. */
  replace(document: string, other: Quarantine): void {
    const before = this.#itemsByDocument.get(document);
    this.#itemsByDocument.delete(document);
    for (const item of before?.values() ?? []) this.#count(item, -1);
    for (const [name, item] of other.#itemsByDocument.get(document) ?? [])
      this.#add(document, item, before?.has(name) === true);
  }

  #add(document: string, item: Item, isAnnounced = false): void {
    const items = this.#itemsByDocument.get(document) ?? new Map<string, Item>();
    const name = `${item.entryId} ${item.reason}`;
    if (items.has(name) || !this.#hasRoom(item)) return;
    this.#itemsByDocument.set(document, items.set(name, item));
    this.#count(item, 1);
    const { entryId, user, reason } = item;
    if (!isAnnounced) this.#announce({ entryId, user, reason });
  }

  #hasRoom(item: Item): boolean {
    const most = item.user === "" ? OF_STRANGERS : OF_MEMBERS;
    const [writer = 0, user = 0] = placesOf(item).map((place) => this.#counts.get(place) ?? 0);
    return writer < most.writer && user < most.user;
  }

  #count(item: Item, change: number): void {
    for (const place of placesOf(item)) {
      const count = (this.#counts.get(place) ?? 0) + change;
      if (count === 0) this.#counts.delete(place);
      else this.#counts.set(place, count);
    }
  }
}

/** Where an item is counted. */
const placesOf = ({ writer, user }: Item): readonly [string, string] => [`writer ${toHex(writer)}`, `user ${user}`];
