// The numbers an operator watches. They are kept here and nowhere else, under names that a /metrics page can print as they are.

/** What only grows. Bytes are bytes, everything else is a number of events. */
export const COUNTERS = [
  "connections_accepted_total",
  "connections_refused_total",
  "logins_admitted_total",
  "logins_directory_only_total",
  "logins_refused_total",
  "parts_retired_total",
  "blobs_stored_total",
  "blob_bytes_stored_total",
  "blobs_served_total",
  "blob_bytes_served_total",
  "blobs_retired_total",
  "blob_requests_refused_total",
  "tenants_registered_total",
  "sessions_dropped_total",
  "sessions_failed_total",
  "entries_stored_total",
  "bytes_stored_total",
  "runs_refused_total",
  "quota_refused_total",
  "store_full_total",
  "signatures_checked_total",
  "signatures_delayed_total",
  "announcements_total",
  "damage_noticed_total",
] as const;
/** What is open now. */
export const GAUGES = ["connections", "sessions", "subscriptions", "transfers"] as const;
/** A name of {@link COUNTERS}. */
export type CounterName = (typeof COUNTERS)[number];
/** A name of {@link GAUGES}. */
export type GaugeName = (typeof GAUGES)[number];

/** A relay's counters since it started. */
export class Counters {
  readonly #values = new Map<CounterName | GaugeName, number>([...COUNTERS, ...GAUGES].map((name) => [name, 0]));

  /** Adds to a counter. */
  count(name: CounterName, by = 1): void {
    this.#values.set(name, this.get(name) + by);
  }

  /** Moves a gauge up or down. */
  move(name: GaugeName, by: 1 | -1): void {
    this.#values.set(name, this.get(name) + by);
  }

  /** How it stands. */
  get(name: CounterName | GaugeName): number {
    return this.#values.get(name) ?? 0;
  }

  /** All values, in the order of their lists. */
  snapshot(): Readonly<Record<CounterName | GaugeName, number>> {
    return Object.fromEntries(this.#values) as Record<CounterName | GaugeName, number>;
  }
}
