// All tables of one connection, with their statements prepared once.
import { ArrivalRows } from "./arrival-rows.ts";
import type { Connection } from "./connection.ts";
import { EntryRows } from "./entry-rows.ts";
import { Names } from "./names.ts";
import { RetiredRows } from "./retired-rows.ts";
import { StateRows } from "./state-rows.ts";

/** The store's tables. */
export interface Tables {
  readonly names: Names;
  readonly entries: EntryRows;
  readonly arrivals: ArrivalRows;
  readonly retired: RetiredRows;
  readonly state: StateRows;
}

/** Prepares every statement. */
export function prepareTables(db: Connection): Tables {
  return {
    names: new Names(db),
    entries: new EntryRows(db),
    arrivals: new ArrivalRows(db),
    retired: new RetiredRows(db),
    state: new StateRows(db),
  };
}
