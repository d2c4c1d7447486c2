// Two databases on a disk, alike but for their size: one that something is made of, and one beside it of which nothing is.
import { type Client, createClient, type Database, type DocId, whenVerified } from "@selkie/client";

const PASSWORD = "a password for the benchmark";
export const CHANGES = 10;
/** After so many turns the documents that were changed first are changed again: most are as they were made, however many rounds there are. */
const TURNS = 50;
/** Documents of the one beside: as many as the smaller of those that are asked about has, as changes among more cost a little more. */
export const OTHERS = 10_000;

interface Open<T extends object> {
  readonly client: Client;
  readonly own: Database<T>;
  /** What ten changes cost by themselves. */
  readonly others: Database<T>;
}

export class TwoDatabases<T extends object> {
  #store = "";
  #open: Open<T> | undefined;
  readonly #ids = new Map<"own" | "others", readonly DocId[]>();
  /** How often documents of each were changed. */
  readonly #turns = { own: 0, others: 0 };

  /** The one that something is made of. */
  get own(): Database<T> {
    return this.#opened().own;
  }

  /** @param directory where there is nothing yet */
  async make(directory: string, documents: readonly T[], others: readonly T[]): Promise<void> {
    this.#store = directory;
    const client = await createClient({ store: directory, password: PASSWORD });
    const tenant = await client.createTenant("bench", { user: "CN=alice" });
    this.#open = { client, own: await tenant.openDB<T>("own"), others: await tenant.openDB<T>("others") };
    this.#ids.set("own", await this.#open.own.createDocuments(documents));
    this.#ids.set("others", await this.#open.others.createDocuments(others));
  }

  /** The client is another, once all entries are verified. */
  async restart(): Promise<void> {
    await this.#opened().client[Symbol.asyncDispose]();
    const client = await createClient({ store: this.#store, password: PASSWORD });
    const tenant = await client.openTenant("bench");
    const [own, others] = [await tenant.openDB<T>("own"), await tenant.openDB<T>("others")];
    this.#open = { client, own, others };
    await whenVerified(own);
    await whenVerified(others);
  }

  /** Changes ten documents, all over a database, together. @param editing gives, for this turn, what is done to each */
  async change(which: "own" | "others", editing: (turn: number) => (data: T, at: number) => void): Promise<void> {
    const turn = ++this.#turns[which];
    const [edit, ids] = [editing(turn), this.#ids.get(which) ?? []];
    await this.#opened()[which].transact(async (tx) => {
      for (let n = 0; n < CHANGES; n++) {
        const id = ids[Math.floor((n * ids.length) / CHANGES) + (turn % TURNS)];
        if (id === undefined) throw new RangeError("there are too few documents");
        await tx.changeDoc(id, (draft) => edit(draft.getData(), n));
      }
    });
  }

  #opened(): Open<T> {
    if (this.#open === undefined) throw new RangeError("nothing is open");
    return this.#open;
  }
}
