// What a relay may write down. A log outlives the traffic it describes and is read by more people than the store is, so the
// type of a record has no room for an id, a key or a sentence of a peer: ids appear as short tags, everything else is a number,
// a boolean or a word of our own code.

import { type LogTag, printable } from "./redaction.ts";

/** Severity, least urgent first. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
/** One of {@link LOG_LEVELS}. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** One value of a record. Plain strings are written through {@link printable}, so a call site cannot forget to escape. */
export type LogValue = string | number | boolean | LogTag;
/** The fields of a record by name. */
export type LogFields = Readonly<Record<string, LogValue>>;

/** Where a relay reports what it does. `event` is a fixed word such as `session.refused`. */
export interface Logger {
  /** Writes one line, unless `level` is below the logger's. */
  log(level: LogLevel, event: string, fields?: LogFields): void;
}

/** Writes nothing. */
export const silentLogger: Logger = { log: () => undefined };

/** What {@link jsonLogger} needs. */
export interface JsonLoggerOptions {
  /** Receives one line, with its line feed. */
  write(line: string): void;
  /** ms since epoch, for the `time` field. */
  now(): number;
  /** Records below this level are not written. Default `info`. */
  level?: LogLevel;
}

/** One JSON object a line: `time`, `level`, `event`, then the fields. No field can break out of its line (THREATS.md F7). */
export function jsonLogger(options: JsonLoggerOptions): Logger {
  const threshold = LOG_LEVELS.indexOf(options.level ?? "info");
  return {
    log(level, event, fields = {}) {
      if (LOG_LEVELS.indexOf(level) < threshold) return;
      const record: Record<string, LogValue> = {
        time: new Date(options.now()).toISOString(),
        level,
        event: printable(event),
      };
      for (const [name, value] of Object.entries(fields)) {
        // SECURITY: every string passes here, whoever made it. Test: "F7 a field cannot start a new line or a new field".
        record[printable(name)] = typeof value === "string" ? printable(value) : value;
      }
      options.write(`${JSON.stringify(record)}\n`);
    },
  };
}
