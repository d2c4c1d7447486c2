import Database from "better-sqlite3";

/** Nothing but rows in SQLite, each durable before the next: what a change costs that waits for the disk, whoever writes it. */
export class BareCommits implements Disposable {
  readonly #database: Database.Database;
  readonly #insert: Database.Statement<[Uint8Array]>;

  constructor(file: string) {
    this.#database = new Database(file);
    this.#database.pragma("journal_mode = WAL");
    this.#database.pragma("synchronous = FULL");
    this.#database.exec("CREATE TABLE changes (n INTEGER PRIMARY KEY, bytes BLOB NOT NULL)");
    this.#insert = this.#database.prepare("INSERT INTO changes (bytes) VALUES (?)");
  }

  /** Resolves when the bytes are on the disk. */
  async commit(bytes: Uint8Array): Promise<void> {
    this.#insert.run(bytes);
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}
