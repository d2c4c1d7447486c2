// Every setting of the relay program, once: its name in a file, in the environment, what it accepts and what it is by default.
// The table in docs/guides/operating-a-relay.md is checked against this one by a test.

import { defaultLimits, LOG_LEVELS, type LogLevel, type RelayLimits } from "@selkie/server";
import { boolean, integer, type Kind, oneOf, origins, text } from "./setting-kind.ts";

/** A complete configuration of the relay program. */
export interface RelayConfig extends Readonly<RelayLimits> {
  readonly host: string;
  readonly port: number;
  readonly data: string;
  readonly origins: readonly string[];
  readonly registration: "open" | "closed";
  readonly trustProxy: boolean;
  readonly logLevel: LogLevel;
  readonly drainMs: number;
}

export type SettingName = keyof RelayConfig;

export interface Setting<T> {
  readonly kind: Kind<T>;
  readonly fallback: T;
  /** One line for the guide. */
  readonly about: string;
}

const DAY_MS = 86_400_000;
const PiB = 1024 ** 5;

function setting<T>(kind: Kind<T>, fallback: NoInfer<T>, about: string): Setting<T> {
  return { kind, fallback, about };
}

function limit(name: keyof RelayLimits, kind: Kind<number>, about: string): Setting<number> {
  return setting(kind, defaultLimits[name], about);
}

/** The settings by their name in a configuration file; {@link environmentName} gives the name in the environment. */
export const settings: { readonly [Name in SettingName]: Setting<RelayConfig[Name]> } = {
  host: setting(text(255), "127.0.0.1", "address to listen on"),
  port: setting(integer(0, 65_535), 4000, "port to listen on; 0 takes a free one"),
  data: setting(text(4_096), "./selkie-relay-data", "directory of the store; made when absent"),
  origins: setting(origins(), [], "origins that clients dial; empty: the loopback address listened on"),
  registration: setting(
    oneOf(["open", "closed"]),
    "open",
    "whether tenants never seen before may register: `open` or `closed`",
  ),
  trustProxy: setting(boolean(), false, "take a peer's address from the last entry of X-Forwarded-For"),
  logLevel: setting(
    oneOf(LOG_LEVELS),
    "info",
    "least urgent level written to standard error: `debug`, `info`, `warn` or `error`",
  ),
  drainMs: setting(integer(0, DAY_MS), 10_000, "time in ms over which clients are sent away on a stop"),
  connections: limit("connections", integer(1, 1_000_000), "open connections, all together"),
  connectionsPerAddress: limit("connectionsPerAddress", integer(1, 1_000_000), "open connections from one address"),
  handshakeMs: limit("handshakeMs", integer(100, DAY_MS), "time in ms to log in"),
  refusalMs: limit("refusalMs", integer(0, 60_000), "a refused login is answered after this many ms"),
  heartbeatMs: limit("heartbeatMs", integer(100, DAY_MS), "ms of silence until a client is asked whether it is there"),
  databasesPerSession: limit("databasesPerSession", integer(1, 1_000_000), "databases one session may open"),
  signaturesPerSecond: limit("signaturesPerSecond", integer(1, 1_000_000), "signatures checked a second, per session"),
  signatureBurst: limit("signatureBurst", integer(1, 10_000_000), "signatures checked at once after a quiet time"),
  tenantBytes: limit("tenantBytes", integer(1, PiB), "sealed bytes kept for one tenant"),
  loginKeyBytes: limit("loginKeyBytes", integer(1, PiB), "sealed bytes kept of what one login key pushed"),
  retireAfterMs: limit("retireAfterMs", integer(0, 366 * DAY_MS), "ms that what one admin wants dropped waits"),
  transfers: limit("transfers", integer(1, 100_000), "blobs that come and go at once, all together"),
  transfersPerSession: limit(
    "transfersPerSession",
    integer(1, 100_000),
    "blobs that come and go at once for one session",
  ),
  transferMs: limit("transferMs", integer(100, DAY_MS), "time in ms that a blob may take to come or go"),
  tenants: limit("tenants", integer(1, 1_000_000_000), "tenants registered"),
};

export const SETTING_NAMES: readonly SettingName[] = Object.keys(settings).filter(isSettingName);
export const ENVIRONMENT_PREFIX = "SELKIE_RELAY_";

export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(settings, name);
}

/** `trustProxy` is `SELKIE_RELAY_TRUST_PROXY`. */
export function environmentName(name: SettingName): string {
  return ENVIRONMENT_PREFIX + name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}
