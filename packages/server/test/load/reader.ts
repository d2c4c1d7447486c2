// A client that follows databases and keeps nothing: a thousand of them fit into one process.
import { randomBytes } from "node:crypto";
import { type DatabaseId, type Head, type Replica, toHex, type Vector, type VerifiedRun } from "@selkie/entry";
import { nativeVerifier } from "@selkie/entry/native";
import { type Credentials, dialWebSocket, originOf, runSession, type Session } from "@selkie/sync-protocol";
import { timers } from "../fixtures/test-client.ts";

/** Remembers how far each chain came, and counts. */
class CountingReplica implements Replica {
  readonly database: DatabaseId;
  readonly #heads = new Map<string, Head>();
  readonly #onEntries: (entries: number) => void;

  constructor(database: DatabaseId, onEntries: (entries: number) => void) {
    this.database = database;
    this.#onEntries = onEntries;
  }

  async vector(): Promise<Vector> {
    return this.#heads;
  }

  async read(): Promise<null> {
    return null;
  }

  async readAfter(position: number): ReturnType<Replica["readAfter"]> {
    return { runs: [], position, done: true };
  }

  async position(): Promise<number> {
    return 0;
  }

  async append(runs: readonly VerifiedRun[]): ReturnType<Replica["append"]> {
    for (const { writer, entries } of runs) {
      const last = entries.at(-1);
      if (last !== undefined) this.#heads.set(toHex(writer), { seq: last.header.seq, id: last.id });
      this.#onEntries(entries.length);
    }
    return runs.map(({ entries }) => ({ type: "appended", count: entries.length }));
  }
}

export class Reader implements AsyncDisposable {
  entries = 0;
  readonly session: Session;
  readonly #waiting: { readonly entries: number; readonly resolve: () => void }[] = [];

  private constructor(session: Session) {
    this.session = session;
  }

  /** Logs in and opens the databases. */
  static async follow(url: string, credentials: Credentials, databases: readonly DatabaseId[]): Promise<Reader> {
    const transport = await dialWebSocket(url, { scheduler: timers })(new AbortController().signal);
    const session = runSession(transport, {
      role: "dialler",
      origin: originOf(url),
      verifier: nativeVerifier,
      credentials,
      gatekeeper: null,
      scheduler: timers,
      random: (length) => new Uint8Array(randomBytes(length)),
      open: async () => undefined,
      generation: new Uint8Array(8),
    });
    await session.ready;
    const reader = new Reader(session);
    const replicas = databases.map((database) => new CountingReplica(database, (entries) => reader.#count(entries)));
    await session.openDatabases(replicas.map((replica) => ({ replica })));
    return reader;
  }

  /** Resolves once this many entries came. */
  async holds(entries: number): Promise<void> {
    if (this.entries < entries) await new Promise<void>((resolve) => this.#waiting.push({ entries, resolve }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.session.close();
  }

  #count(entries: number): void {
    this.entries += entries;
    for (const each of this.#waiting.filter((one) => one.entries <= this.entries)) each.resolve();
  }
}
