// From configuration to a relay that listens, and from a signal to an orderly end.

import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { nativeVerifier } from "@selkie/entry/native";
import {
  createRelay,
  defaultLimits,
  describeFailure,
  jsonLogger,
  placeOf,
  type Relay,
  type RelayAddress,
  RelayError,
  type RelayLimits,
} from "@selkie/server";
import { readCommandLine, USAGE } from "./command-line.ts";
import { readConfig } from "./config.ts";
import { openData } from "./open-data.ts";
import type { RelayConfig } from "./settings.ts";
import { StartFailure } from "./start-failure.ts";
import { stopSignal } from "./stop-signal.ts";

/** EX_SOFTWARE of sysexits.h: not a mistake of the operator. */
const EXIT_CRASHED = 70;

/**
 * Runs until a signal asks the process to stop; resolves when everything is closed.
 *
 * @throws StartFailure when there is a reason not to start that the operator can act on
 */
export async function runRelay(process: NodeJS.Process): Promise<void> {
  const command = readCommandLine(process.argv.slice(2));
  if (command.type === "help") {
    process.stdout.write(USAGE);
    return;
  }
  const file = command.configPath === null ? null : await readConfigFile(command.configPath);
  const config = readConfig({ file, environment: process.env });
  checkReachable(config);
  const logger = jsonLogger({ write: (line) => process.stderr.write(line), now: Date.now, level: config.logLevel });
  const signal = stopSignal(process);
  // A fault of the relay itself: what is not durable was not acknowledged, so the process ends, and whoever runs it starts it again.
  process.on("uncaughtException", (failure) => {
    logger.log("error", "relay.crashed", { ...describeFailure(failure), at: placeOf(failure) });
    process.exit(EXIT_CRASHED);
  });
  await using store = await openData(config.data);
  await using relay = createRelay({
    store,
    verifier: nativeVerifier,
    random: (length) => new Uint8Array(randomBytes(length)),
    origins: config.origins.length === 0 ? "loopback" : config.origins,
    registration: config.registration,
    trustProxy: config.trustProxy,
    limits: limitsOf(config),
    logger,
  });
  const address = await listen(relay, config);
  process.stdout.write(`${JSON.stringify({ event: "listening", ...address })}\n`);
  logger.log("info", "relay.stopping", { signal: await signal });
  await relay.stop({ drainMs: config.drainMs });
  logger.log("info", "relay.stopped");
}

async function readConfigFile(path: string): Promise<{ path: string; text: string }> {
  try {
    return { path, text: await readFile(path, "utf8") };
  } catch (cause) {
    throw new StartFailure(`cannot read the configuration file ${path} (${describeFailure(cause).code})`, { cause });
  }
}

/** Without origins only this machine's names are accepted in logins; listening to others would be of no use and look like a fault. */
function checkReachable({ host, origins }: RelayConfig): void {
  const isLoopback = host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
  if (isLoopback || origins.length > 0) return;
  throw new StartFailure('"origins" must name what clients dial when "host" is not a loopback address');
}

/** The settings that are limits of the relay, by the same names. */
function limitsOf(config: RelayConfig): Partial<RelayLimits> {
  return Object.fromEntries(Object.entries(config).filter(([name]) => Object.hasOwn(defaultLimits, name)));
}

async function listen(relay: Relay, { host, port }: RelayConfig): Promise<RelayAddress> {
  try {
    return await relay.listen({ host, port });
  } catch (cause) {
    if (!(cause instanceof RelayError)) throw cause;
    throw new StartFailure(explain(cause, host, port), { cause });
  }
}

function explain(failure: RelayError, host: string, port: number): string {
  switch (failure.code) {
    case "PORT_IN_USE":
      return `port ${port} of ${host} is in use`;
    case "PORT_FORBIDDEN":
      return `port ${port} of ${host} needs a privilege this user does not have`;
    case "ADDRESS_UNAVAILABLE":
      return `${host} is not an address of this machine`;
    default:
      return `cannot listen on port ${port} of ${host} (${failure.code})`;
  }
}
