// What opens the HTTP door: a ticket for each session that asks for one. Only hashes of tickets are kept, so how long a lookup takes says
// nothing of a ticket that somebody guesses at.

import { toHex, type Verifier } from "@selkie/entry";
import type { Admitted } from "../tenants/tenant.ts";

const TICKET_BYTES = 32;

export interface TicketsOptions {
  readonly verifier: Verifier;
  /** A source of unpredictable bytes. */
  readonly random: (length: number) => Uint8Array;
}

/** A ticket of one session. */
export interface IssuedTicket {
  /** 32 bytes. */
  readonly bytes: Uint8Array;
  /** It opens nothing any more. */
  end(): void;
}

/** The tickets of all sessions of a relay. */
export class Tickets {
  readonly #options: TicketsOptions;
  /** By the SHA-256 of the ticket in hexadecimal. */
  readonly #holders = new Map<string, Admitted>();

  constructor(options: TicketsOptions) {
    this.#options = options;
  }

  issue(holder: Admitted): IssuedTicket {
    const bytes = this.#options.random(TICKET_BYTES);
    const name = this.#nameOf(bytes);
    this.#holders.set(name, holder);
    return { bytes, end: () => void this.#holders.delete(name) };
  }

  /**
   * The session that a ticket was given to, as long as it is let in to more than the directory.
   * SECURITY: F3. Rights are those of now, whatever they were when the ticket was given (blob-routes.test.ts "lets each do what ...").
   */
  holderOf(ticket: Uint8Array): Admitted | null {
    const holder = this.#holders.get(this.#nameOf(ticket));
    if (holder === undefined || holder.login.grant === null || holder.login.grant.directoryOnly === true) return null;
    return holder;
  }

  #nameOf(ticket: Uint8Array): string {
    return toHex(this.#options.verifier.sha256(ticket));
  }
}
