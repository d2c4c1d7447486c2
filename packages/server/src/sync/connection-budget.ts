// How many connections there may be, all together and from one address. Counting happens before the WebSocket handshake, so a
// refused peer costs one short answer and no session.

import { isIP, isIPv6 } from "node:net";

export interface ConnectionCaps {
  readonly connections: number;
  readonly connectionsPerAddress: number;
}

/** Open connections by address. A slot is given back by calling what {@link ConnectionBudget.take} returned. */
export class ConnectionBudget {
  readonly #caps: ConnectionCaps;
  readonly #openByAddress = new Map<string, number>();
  #open = 0;

  constructor(caps: ConnectionCaps) {
    this.#caps = caps;
  }

  get open(): number {
    return this.#open;
  }

  /** Takes a slot for this address, or answers null when there is none left. The returned function gives it back, once. */
  take(address: string): (() => void) | null {
    const ofAddress = this.#openByAddress.get(address) ?? 0;
    if (this.#open >= this.#caps.connections || ofAddress >= this.#caps.connectionsPerAddress) return null;
    this.#open++;
    this.#openByAddress.set(address, ofAddress + 1);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#release(address);
    };
  }

  #release(address: string): void {
    this.#open--;
    const left = (this.#openByAddress.get(address) ?? 1) - 1;
    if (left === 0) this.#openByAddress.delete(address);
    else this.#openByAddress.set(address, left);
  }
}

export interface AddressSource {
  readonly socketAddress: string | undefined;
  /** The header X-Forwarded-For, if the peer, or a proxy, sent one. */
  readonly forwardedFor: string | undefined;
  /** Whether a reverse proxy that the operator runs stands in front. */
  readonly trustProxy: boolean;
}

/**
 * The address a connection is counted under. Of X-Forwarded-For only the last entry counts, the one our own proxy wrote: every
 * earlier one is what the peer claims. One IPv6 customer holds at least a /64, so the rest of the address is left out.
 */
export function countedAddress(source: AddressSource): string {
  const forwarded = source.trustProxy ? source.forwardedFor?.split(",").at(-1)?.trim() : undefined;
  const address = forwarded !== undefined && isIP(forwarded) !== 0 ? forwarded : (source.socketAddress ?? "unknown");
  if (!isIPv6(address) || address.startsWith("::ffff:")) return address.replace(/^::ffff:/, "");
  return networkOf(address);
}

/** The first four groups of an IPv6 address, written in full. */
function networkOf(address: string): string {
  const [head = "", tail] = (address.split("%")[0] ?? address).split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? [] : new Array<string>(Math.max(0, 8 - before.length - after.length)).fill("0");
  const groups = [...before, ...zeros, ...after].slice(0, 4);
  return `${groups.map((group) => group.toLowerCase().replace(/^0+(?=.)/, "")).join(":")}::/64`;
}
