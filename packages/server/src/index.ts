// The door of @selkie/server: the blind relay.
export { COUNTERS, type CounterName, type Counters, GAUGES, type GaugeName } from "./counters.ts";
export { RelayError, type RelayErrorCode, type RelayRefusalCode } from "./errors.ts";
export { defaultLimits, type RelayLimits } from "./limits.ts";
export {
  type JsonLoggerOptions,
  jsonLogger,
  LOG_LEVELS,
  type LogFields,
  type Logger,
  type LogLevel,
  type LogValue,
  silentLogger,
} from "./log/log.ts";
export { describeFailure, type LogTag, placeOf, printable } from "./log/redaction.ts";
export { isOrigin } from "./origins.ts";
export { createRelay, type Relay, type RelayAddress, type RelayOptions } from "./relay.ts";
