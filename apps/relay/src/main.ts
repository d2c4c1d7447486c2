#!/usr/bin/env node
// selkie-relay [--config file.json]. Standard output carries exactly one line, when the relay listens; standard error carries the
// log, or the one line that says why there is no relay.

import { printable } from "@selkie/server";
import { runRelay } from "./run-relay.ts";
import { StartFailure } from "./start-failure.ts";

try {
  await runRelay(process);
} catch (failure) {
  if (!(failure instanceof StartFailure)) throw failure;
  process.stderr.write(`selkie-relay: ${printable(failure.message, 500)}\n`);
  process.exitCode = 1;
}
