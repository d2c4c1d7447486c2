import { type DatabaseId, fromHex, type Part, parseKeyTag, toHex, type VerifiedEntry } from "@selkie/entry";
import type { KeyRing } from "../keys/key-ring.ts";
import type { Wants } from "./synced-replica.ts";

/** As many key tags as a relay may be told of (docs/spec/sync.md section 3.5): who holds more keys gets all parts. */
const MOST_TAGS = 1_024;

/** Which parts of a database's entries this device could open: a relay is told to leave out the others. */
export class ReadableParts {
  readonly #ring: KeyRing;
  readonly #database: DatabaseId;
  readonly #contentsOnly: boolean;
  #tags: ReadonlySet<string> = new Set();

  private constructor(ring: KeyRing, database: DatabaseId, contentsOnly: boolean) {
    this.#ring = ring;
    this.#database = database;
    this.#contentsOnly = contentsOnly;
  }

  /** @param contentsOnly whether contents are to come in the place of changes */
  static async of(
    ring: KeyRing,
    database: DatabaseId,
    { contentsOnly = false }: { readonly contentsOnly?: boolean } = {},
  ): Promise<ReadableParts> {
    const readable = new ReadableParts(ring, database, contentsOnly);
    await readable.look();
    return readable;
  }

  /** The keys may be others than before. */
  async look(): Promise<void> {
    this.#tags = await this.#ring.tags(this.#database);
  }

  wants(): Wants {
    const isAll = this.#tags.size > MOST_TAGS;
    const tags = [...this.#tags].map((tag) => parseKeyTag(fromHex(tag)));
    const wanted = isAll ? null : { recipients: [], tags, contentsOnly: this.#contentsOnly };
    return { usual: wanted, lacking: wanted };
  }

  /** Whether this device could open a part: by the place of the table that it names, as relays tell them apart. */
  has({ table }: VerifiedEntry, part: Part): boolean {
    return this.#tags.has(toHex(table[part.table] ?? NO_TAG));
  }
}

const NO_TAG = new Uint8Array();
