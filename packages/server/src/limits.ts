// What one relay gives to one peer. Everything a stranger can make the relay hold or do has its bound here.

import { RelayError } from "./errors.ts";

/** Bounds on what peers can make a relay hold or do. */
export interface RelayLimits {
  /** Open WebSockets, all together. */
  connections: number;
  /** Open WebSockets from one address. */
  connectionsPerAddress: number;
  /** Time in ms in which a connection must have logged in. */
  handshakeMs: number;
  /** A refused login is answered this many ms after it came, whatever the reason, so that time tells nothing (THREATS.md F3). */
  refusalMs: number;
  /** After this many ms of silence a peer is asked whether it is there; after as many again without an answer it is dropped. */
  heartbeatMs: number;
  /** Databases one session may have open. */
  databasesPerSession: number;
  /** Signatures one session may have checked a second; more are delayed, not refused. */
  signaturesPerSecond: number;
  /** Signatures one session may have checked at once after being quiet. */
  signatureBurst: number;
  /** Sealed bytes kept for one tenant. */
  tenantBytes: number;
  /** Sealed bytes kept of what one login key pushed. */
  loginKeyBytes: number;
  /** Blobs that come and go at once, all together. */
  transfers: number;
  /** Blobs that come and go at once for one session. */
  transfersPerSession: number;
  /** Time in ms that a blob may take to come or go. */
  transferMs: number;
  /** Tenants this relay registers. */
  tenants: number;
  /** What a retire list waits at least before anything is dropped, ms; what only one admin says. */
  retireAfterMs: number;
}

const GiB = 1024 ** 3;

/** The limits of a relay that configures none. */
export const defaultLimits: Readonly<RelayLimits> = Object.freeze({
  connections: 10_000,
  connectionsPerAddress: 256,
  handshakeMs: 10_000,
  refusalMs: 100,
  heartbeatMs: 30_000,
  databasesPerSession: 4_096,
  signaturesPerSecond: 2_000,
  signatureBurst: 8_000,
  tenantBytes: 10 * GiB,
  loginKeyBytes: 5 * GiB,
  transfers: 256,
  transfersPerSession: 8,
  transferMs: 120_000,
  tenants: 100_000,
  retireAfterMs: 604_800_000,
});

/**
 * The defaults with what an operator changed.
 * @throws RelayError BAD_LIMIT when a value is not a positive whole number (`refusalMs` and `retireAfterMs` may be 0)
 */
export function completeLimits(changed: Partial<RelayLimits>): Readonly<RelayLimits> {
  const limits = { ...defaultLimits, ...changed };
  for (const [name, value] of Object.entries(limits)) {
    const least = name === "refusalMs" || name === "retireAfterMs" ? 0 : 1;
    if (!Number.isSafeInteger(value) || value < least) {
      throw new RelayError("BAD_LIMIT", `the limit ${name} must be a whole number of at least ${least}`);
    }
  }
  return Object.freeze(limits);
}
