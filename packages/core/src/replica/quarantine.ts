import { toHex, type VerifiedEntry, type WriterKey } from "@selkie/entry";

/** An entry, or a change in it, that counts for nothing on this replica, and why. */
export interface Quarantined {
  /** In hexadecimal. */
  readonly entryId: string;
  readonly user: string;
  /** A code of docs/errors.md. */
  readonly reason: string;
}

interface Item extends Quarantined {
  readonly writer: WriterKey;
}

/** How many items are remembered of each user: D7. */
const REMEMBERED = 1_000;

/** Where items stand that belong to an entry and not to one document. */
const NO_DOCUMENT = "";

/**
 * What counts for nothing, by document. Each item is announced once, however often its entry is read; of a user who makes very many,
 * the first are remembered and the others are announced as they are read.
 */
export class Quarantine {
  readonly #announce: (item: Quarantined) => void;
  readonly #itemsByDocument = new Map<string, Map<string, Item>>();
  readonly #countByUser = new Map<string, number>();

  constructor(announce: (item: Quarantined) => void) {
    this.#announce = announce;
  }

  /** @param document null for an entry, or a part that names none */
  add(entry: VerifiedEntry, document: string | null, { user, reason }: Pick<Quarantined, "user" | "reason">): void {
    this.#add(document ?? NO_DOCUMENT, { entryId: toHex(entry.id), user, reason, writer: entry.header.writer });
  }

  /** An entry counts after all. */
  release(entry: VerifiedEntry, reason: string): void {
    const items = this.#itemsByDocument.get(NO_DOCUMENT);
    const name = `${toHex(entry.id)} ${reason}`;
    const item = items?.get(name);
    if (item === undefined) return;
    items?.delete(name);
    this.#count(item.user, -1);
  }

  /** An entry is here no more. */
  forget(entry: VerifiedEntry): void {
    const items = this.#itemsByDocument.get(NO_DOCUMENT);
    const id = toHex(entry.id);
    for (const [name, item] of items ?? []) {
      if (item.entryId !== id) continue;
      items?.delete(name);
      this.#count(item.user, -1);
    }
  }

  /** Everything that is remembered. */
  *list(): Iterable<Quarantined> {
    for (const items of this.#itemsByDocument.values())
      for (const { entryId, user, reason } of items.values()) yield { entryId, user, reason };
  }

  /** The writers of what counts for nothing in a document. */
  writersIn(document: string): readonly WriterKey[] {
    return [...(this.#itemsByDocument.get(document)?.values() ?? [])].map(({ writer }) => writer);
  }

  /** The items of a document are these of `other`, from now on; what is new is announced. */
  replace(document: string, other: Quarantine): void {
    const before = this.#itemsByDocument.get(document);
    this.#itemsByDocument.delete(document);
    for (const { user } of before?.values() ?? []) this.#count(user, -1);
    for (const [name, item] of other.#itemsByDocument.get(document) ?? [])
      this.#add(document, item, before?.has(name) === true);
  }

  #add(document: string, item: Item, isAnnounced = false): void {
    const items = this.#itemsByDocument.get(document) ?? new Map<string, Item>();
    const name = `${item.entryId} ${item.reason}`;
    if (items.has(name)) return;
    if ((this.#countByUser.get(item.user) ?? 0) < REMEMBERED) {
      this.#itemsByDocument.set(document, items.set(name, item));
      this.#count(item.user, 1);
    }
    const { entryId, user, reason } = item;
    if (!isAnnounced) this.#announce({ entryId, user, reason });
  }

  #count(user: string, change: number): void {
    this.#countByUser.set(user, (this.#countByUser.get(user) ?? 0) + change);
  }
}
