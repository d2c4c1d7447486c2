import { type DatabaseId, toHex } from "@selkie/entry";
import type { Session } from "@selkie/sync-protocol";
import { CoreError } from "../errors.ts";

/** How a relay says that it has no room. */
type NoRoom = "QUOTA_EXCEEDED" | "RELAY_FULL" | "TOO_MANY_CHAINS";

const messages: Readonly<Record<NoRoom, string>> = {
  QUOTA_EXCEEDED: "the relay stores no more of this device or its tenant",
  RELAY_FULL: "the relay's disk is full",
  TOO_MANY_CHAINS: "the relay takes no more chains of this database from this device",
};

/** How often it is sent again at once, and how long it rests then between one time and the next. */
const [AT_ONCE, REST_MS] = [4, 10_000];

/** The chains of which a relay did not store all that it was sent in a session, as it has no room. */
export class Unstored {
  /** By writer, of each database, in hex. */
  readonly #chains = new Map<string, Map<string, NoRoom>>();
  readonly #now: () => number;
  #told = false;
  #tries = 0;
  #triedAt = 0;

  /** @param onFirst told of the first that is refused; `now` in ms since the epoch */
  constructor(session: Session, { onFirst, now }: { onFirst(error: CoreError): void; now(): number }) {
    this.#now = now;
    session.on("refused", ({ database, writer, code, by }) => {
      if (by === "us" || !isNoRoom(code)) return;
      this.#of(database).set(toHex(writer), code);
      if (this.#told) return;
      this.#told = true;
      onFirst(errorOf(code));
    });
    session.on("acknowledged", ({ database, vector }) => {
      for (const writer of vector.keys()) this.#of(database).delete(writer);
    });
  }

  /** Why something of this database is not there; null when nothing was refused, or all of it was taken since. */
  why(database: DatabaseId): CoreError | null {
    const [code] = this.#chains.get(toHex(database))?.values() ?? [];
    return code === undefined ? null : errorOf(code);
  }

  /**
   * Whether to send it again, as there may be room now: an app may ask as often as it writes, and each time costs a window (sync.md section 6.2).
   * To be asked before that is done.
   */
  mayTry(): boolean {
    const now = this.#now();
    if (this.#tries >= AT_ONCE && Math.abs(now - this.#triedAt) < REST_MS) return false;
    this.#tries += 1;
    this.#triedAt = now;
    return true;
  }

  #of(database: DatabaseId): Map<string, NoRoom> {
    const name = toHex(database);
    const chains = this.#chains.get(name) ?? new Map<string, NoRoom>();
    this.#chains.set(name, chains);
    return chains;
  }
}

function isNoRoom(code: string): code is NoRoom {
  return Object.hasOwn(messages, code);
}

function errorOf(code: NoRoom): CoreError {
  return new CoreError(code, messages[code]);
}
