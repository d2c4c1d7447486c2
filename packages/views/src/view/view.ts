import type { Off } from "@selkie/core";
import type { Failure } from "../follow/failures.ts";
import type { Column } from "./column.ts";
import type { Navigator, NavigatorOptions } from "./navigator.ts";
import type { ViewPatch } from "./patch.ts";
import type { Row } from "./row.ts";

/** What a view shows, of which documents. */
export interface ViewDefinition<T extends object> {
  readonly name: string;
  readonly columns: readonly Column<T>[];
  /** Documents of which it is not true are left out: the text of an expression, an expression, or a function, which can't be stored. */
  readonly where?: Column<T>["value"];
  /** The id of the document, of the same database, that a document answers: it is shown beneath that one. */
  readonly responseTo?: Column<T>["value"];
}

/** Which categories show what stands in them: those of so many levels from the top; all when nothing is said. */
export interface Expansion {
  readonly expand?: number;
}

export interface RowOptions extends Expansion {
  /** The key of the row before the first. */
  readonly after?: string;
  /** How many; all that follow when nothing is said. */
  readonly limit?: number;
}

/** Documents of databases in categories, sorted and summed up; it follows what is changed, here and elsewhere. */
export interface View extends AsyncDisposable {
  readonly name: string;
  /** Documents that are left out, as they could not be computed, until they change; at most 1,000 are named. */
  readonly failures: readonly Failure[];
  /**
   * Its rows, as they are when each is read; the last says what all documents come to. Until `caughtUp` they are those that were kept when
   * it was open last. @throws ViewError CLOSED | KEY_INVALID
   */
  rows(options?: RowOptions): AsyncIterable<Row>;
  /** Somebody's way through its rows: one for each who looks around. */
  navigator(options?: NavigatorOptions): Navigator;
  /** Resolves once it shows what its databases hold. @throws ViewError CLOSED; what the databases throw */
  caughtUp(): Promise<void>;
  /** Calls the listener with all rows soon, and then with what changes of them, until the function it returns is called. */
  subscribe(listener: (patches: readonly ViewPatch[]) => void, options?: Expansion): Off;
}
