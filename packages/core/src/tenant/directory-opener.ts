import { type DatabaseId, entryType, type VerifiedEntry } from "@selkie/entry";
import type { EntryStore } from "@selkie/store";
import type { DirectoryView } from "../directory/directory-view.ts";
import { readAll } from "../replica/read-all.ts";
import { type OpenedPart, openEntries } from "../sealing/open-entry.ts";
import type { PartDraft } from "../sealing/seal-entry.ts";
import type { SealedEntries } from "../writer/writer-chain.ts";
import type { DirectoryParts } from "./directory-parts.ts";
import { DuePermits } from "./due-permits.ts";
import { ParkedPlaces, type Place } from "./parked-places.ts";
import { PermittedKeys } from "./permitted-keys.ts";
import { PersonSearch } from "./person-search.ts";
import { placeReader, type ReadPlace } from "./read-place.ts";
import type { TenantContext } from "./tenant-context.ts";

/**
 * Opens the directory's entries with the keys that are here, and again those that waited for keys which they brought. Each method that
 * reads says whether there are new keys. Reading an entry again changes nothing, so what comes again with a hole filled is simply read;
 * no ciphertext is held.
 */
export class DirectoryOpener {
  readonly #context: TenantContext;
  readonly #database: DatabaseId;
  readonly #entries: EntryStore;
  /** What was opened. */
  readonly #parts: DirectoryParts;
  readonly #read: ReadPlace;
  readonly #parked = new ParkedPlaces();
  readonly #person: PersonSearch;
  /** Of the permits that were opened. */
  readonly keys: PermittedKeys;
  readonly due: DuePermits;

  constructor(context: TenantContext, database: DatabaseId, entries: EntryStore, parts: DirectoryParts) {
    this.#context = context;
    this.#database = database;
    this.#entries = entries;
    this.#parts = parts;
    this.#read = placeReader(entries, context.platform.report);
    this.#person = new PersonSearch(context, this.#read);
    this.keys = new PermittedKeys(context);
    this.due = new DuePermits(context);
  }

  /** Reads everything the store holds. */
  async all(): Promise<boolean> {
    return this.#openLate(await this.#takeAll());
  }

  async entries(entries: readonly VerifiedEntry[]): Promise<boolean> {
    return this.#openLate(await this.#take(entries));
  }

  /** Those that this device has just sealed: nothing has to be opened, and their permits and links give what it holds. */
  async own({ runs, drafts }: Pick<SealedEntries, "runs" | "drafts">): Promise<false> {
    const entries = runs.flatMap((run) => run.entries);
    for (const [at, entry] of entries.entries()) await this.#noteOpened(entry, openedIn(drafts[at] ?? []));
    return false;
  }

  async places(places: readonly Place[]): Promise<boolean> {
    return this.#openLate(await this.#takeAgain(places));
  }

  /** What was read is forgotten, for something is gone: all is to be read next. */
  clear(): void {
    this.#parts.clear();
    this.#person.again();
    this.#parked.clear();
    this.due.clear();
  }

  /** Looks for keys of this device's person. What was permitted to them may stand in entries that were read already: these are read again. */
  async findPerson(view: DirectoryView): Promise<boolean> {
    const found = await this.#person.find(view, this.#parts.statements);
    if (found) await this.all();
    return found;
  }

  /** Looks for permits for this device that are missing. */
  async lookForDue(view: DirectoryView): Promise<void> {
    await this.due.look({ view, placed: this.#parts.statements, read: this.#read });
  }

  /** Whether nothing of an admitted author waits for a key. */
  isReadable(view: DirectoryView): boolean {
    const closed = [...this.#parked.chains()];
    return view.found !== null && !closed.some((writer) => this.#parts.chains.isAdmitted(view, writer));
  }

  async #take(entries: readonly VerifiedEntry[]): Promise<boolean> {
    const own = entries.filter(({ header }) => header.type !== entryType.change); // B3: no document entry speaks for the directory
    const newKeys = await this.keys.find(own);
    await this.#note(own);
    return newKeys;
  }

  async #note(entries: readonly VerifiedEntry[]): Promise<void> {
    const { platform, ring } = this.#context;
    const opened = await openEntries(platform.crypto, ring, entries, ["control", "statement"]);
    for (const [at, entry] of entries.entries()) await this.#noteOpened(entry, opened[at] ?? []);
  }

  async #noteOpened(entry: VerifiedEntry, opened: readonly OpenedPart[]): Promise<void> {
    const isClosed = opened.some(({ type }) => type === "no-key");
    if (this.due.note(entry, isClosed)) this.#person.again();
    this.#parts.note(entry);
    for (const part of opened) {
      if (part.type === "no-key") {
        this.#parked.park(entry, part.tag);
        if (part.index === 0) this.#parts.heard.hear({ entry, heads: [], tag: part.tag });
      }
      if (part.type === "opened") await this.#parts.read(entry, part);
    }
  }

  async #takeAll(): Promise<boolean> {
    let newKeys = false;
    for await (const run of readAll(this.#entries, this.#context.platform.report))
      newKeys = (await this.#take(run.entries)) || newKeys;
    return newKeys;
  }

  async #takeAgain(places: readonly Place[]): Promise<boolean> {
    let newKeys = false;
    for (const place of places) {
      const entry = await this.#read(place);
      if (entry !== null) newKeys = (await this.#take([entry])) || newKeys;
    }
    return newKeys;
  }

  /** Reads what waited for keys that are here now. @returns whether there are new keys, these or `newKeys` */
  async #openLate(newKeys: boolean): Promise<boolean> {
    let found = newKeys;
    if (newKeys && this.#parked.isFull) {
      this.#parked.clear();
      await this.#takeAll();
    }
    for (;;) {
      found = (await this.#context.ring.openHistory(this.#parts.links())) || found;
      const due = await this.#parked.due(this.#context.ring, this.#database);
      if (due.length === 0) return found;
      found = (await this.#takeAgain(due)) || found;
    }
  }
}

/** The parts that others open, as they find them. */
function openedIn(drafts: readonly PartDraft[]): readonly OpenedPart[] {
  return drafts.flatMap((draft, index): readonly OpenedPart[] =>
    draft.kind === "control" || draft.kind === "statement" ? [{ ...draft, type: "opened", index }] : [],
  );
}
