// One step in the making: the state so far and the effects so far. Lives only inside `step`, which is pure to its callers.
import { type DatabaseId, toHex } from "@selkie/entry";
import type { Message } from "../message/message.ts";
import { SyncError } from "../sync-error.ts";
import { type Database, namesIn } from "./database.ts";
import type { Effect, Greetings } from "./effect.ts";
import type { Databases, Flight, Handshake, Inbox, Outbox, State } from "./state.ts";

/** A step in the making. */
export class Turn {
  readonly effects: Effect[] = [];
  #state: State;
  /** The names of databases, once this turn added or dropped one: copied once a turn, not once a database. */
  #names: Map<string, number> | null = null;

  constructor(state: State) {
    this.#state = state;
  }

  get state(): State {
    return this.#state;
  }

  /** Replaces parts of the state. */
  set(change: Partial<State>): void {
    this.#state = { ...this.#state, ...change };
  }

  setHandshake(change: Partial<Handshake>): void {
    this.set({ handshake: { ...this.#state.handshake, ...change } });
  }

  setDatabases(change: Partial<Databases>): void {
    this.set({ databases: { ...this.#state.databases, ...change } });
  }

  setInbox(change: Partial<Inbox>): void {
    this.set({ inbox: { ...this.#state.inbox, ...change } });
  }

  setFlight(change: Partial<Flight>): void {
    this.set({ flight: { ...this.#state.flight, ...change } });
  }

  setOutbox(change: Partial<Outbox>): void {
    this.set({ outbox: { ...this.#state.outbox, ...change } });
  }

  /** Asks the driver for something. */
  effect(effect: Effect): void {
    this.effects.push(effect);
  }

  /** Queues a message. */
  send(message: Message): void {
    this.setOutbox({ messages: [...this.#state.outbox.messages, message] });
  }

  /** A number not used before in this session. */
  token(): number {
    const token = this.#state.nextToken;
    this.set({ nextToken: token + 1 });
    return token;
  }

  /** Both greetings. @throws SyncError before they are exchanged */
  greetings(): Greetings {
    const { ownHello, peerHello } = this.#state.handshake;
    if (peerHello === null) throw new SyncError("UNEXPECTED_MESSAGE", "a message before hello");
    return ownHello.role === "dialler"
      ? { dialler: ownHello, listener: peerHello }
      : { dialler: peerHello, listener: ownHello };
  }

  /** The database behind a handle. */
  find(handle: number): Database | undefined {
    return this.#table(handle).at(Math.floor(handle / 2));
  }

  /** The database a message of the peer is about. @throws SyncError `UNEXPECTED_MESSAGE` unless it is open */
  need(handle: number): Database {
    const database = this.find(handle);
    if (database?.stage !== "open") {
      throw new SyncError("UNEXPECTED_MESSAGE", "a message about a database that is not open");
    }
    return database;
  }

  /** Whether we closed a database, and the peer has not answered: what it says about it does not matter. */
  isClosing(handle: number): boolean {
    return this.find(handle)?.stage === "closing";
  }

  /** The database of this name. */
  findById(id: DatabaseId): Database | undefined {
    const handle = this.#state.databases.handleById.get(toHex(id));
    return handle === undefined ? undefined : this.find(handle);
  }

  /** Gives a database's name to a handle. */
  name(id: DatabaseId, handle: number): void {
    this.#ownNames().set(toHex(id), handle);
  }

  /** Drops a database; its handle is void, and its name free unless it has another. */
  remove({ handle, id, wanted }: Database): void {
    const { databases } = this.#state;
    const side = this.isOurs(handle) ? "ours" : "theirs";
    this.setDatabases({ [side]: databases[side].without(Math.floor(handle / 2)) });
    if (databases.handleById.get(toHex(id)) === handle) this.#ownNames().delete(toHex(id));
    this.countWanted("ours", -namesIn(wanted.ours));
    this.countWanted("theirs", -namesIn(wanted.theirs));
  }

  /** So many names more of what a side wants. */
  countWanted(side: "ours" | "theirs", names: number): void {
    const { wanted } = this.#state.databases;
    if (names !== 0) this.setDatabases({ wanted: { ...wanted, [side]: wanted[side] + names } });
  }

  /** Changes a database that exists. */
  change(handle: number, change: Partial<Database>): void {
    const database = this.find(handle);
    if (database === undefined) return;
    const side = this.isOurs(handle) ? "ours" : "theirs";
    const table = this.#state.databases[side].with(Math.floor(handle / 2), { ...database, ...change });
    this.setDatabases({ [side]: table });
  }

  /** The handle of the next database that this side, or the peer, opens. */
  nextHandle(side: "ours" | "theirs"): number {
    const byDialler = (side === "ours") === (this.#state.options.role === "dialler");
    return 2 * this.#state.databases[side].length + (byDialler ? 0 : 1);
  }

  /** Whether this side opened the database. */
  isOurs(handle: number): boolean {
    return (handle % 2 === 0) === (this.#state.options.role === "dialler");
  }

  /** Whether entries may go from us to the peer. */
  maySend(): boolean {
    const { granted, received } = this.#state.handshake;
    return granted?.pull === true && received?.rights.push === true;
  }

  /** Whether whatever we hold of the tenant may go to the peer: not only the directory. */
  maySendAll(): boolean {
    return this.maySend() && this.#state.handshake.granted?.directoryOnly !== true;
  }

  /** Whether entries may come from the peer. */
  mayReceive(): boolean {
    const { granted, received } = this.#state.handshake;
    return granted?.push === true && received?.rights.pull === true;
  }

  #ownNames(): Map<string, number> {
    if (this.#names === null) {
      this.#names = new Map(this.#state.databases.handleById);
      this.setDatabases({ handleById: this.#names });
    }
    return this.#names;
  }

  #table(handle: number): Databases["ours"] {
    return this.isOurs(handle) ? this.#state.databases.ours : this.#state.databases.theirs;
  }
}
