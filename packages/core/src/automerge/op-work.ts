// What operations cost whoever judges them, in the time of one that is where the one before it was. It is counted from the lengths of runs,
// before anything is expanded. `docs/spec/change.md` section 3; decision 61 says where the weights come from.
import { ByteCursor } from "./byte-cursor.ts";
import { type ColumnSpec, type ColumnTable, column, columnEnd, columnStart } from "./change-columns.ts";
import { changeLimits } from "./change-limits.ts";
import { action } from "./change-op.ts";
import { countRows } from "./column-reader.ts";

/** What it costs to find an object, an element or a predecessor that is elsewhere. */
const PLACE = 2;
/** What a mark costs beside its operation: where it lies is looked up among all letters. */
const MARK = 11;

/** Predecessors of all operations. @throws ChangeError `CHANGE_TOO_LARGE` */
export function countPreds(columns: ColumnTable): number {
  const start = columnStart(columns, column.predActor);
  return countRows(columns.bytes, start, columnEnd(columns, column.predActor), changeLimits.preds);
}

/**
 * Of what operations refer to: 2 for each object, element and predecessor that is neither where the one before it was nor right behind it, as
 * each is looked up among all operations of the document; 1 where its actor is another; 1 for each key of a map that takes another's place, as the two are compared;
 * and what marks cost.
 */
export function placeWork(columns: ColumnTable): number {
  return (
    turns(columns, column.objectActor) +
    turns(columns, column.objectCounter) * PLACE +
    turns(columns, column.keyActor) +
    leaps(columns, column.keyCounter) * PLACE +
    turns(columns, column.predActor) +
    leaps(columns, column.predCounter) * PLACE +
    replacedKeys(columns) +
    marks(columns) * MARK
  );
}

/** How many keys are named that may take another's place. */
function replacedKeys(columns: ColumnTable): number {
  const preds = countPreds(columns);
  return preds === 0 ? 0 : Math.min(preds, turns(columns, column.keyText));
}

/** Used by one call after the other: while an object of its class is there, V8 keeps the code that it compiled for them. */
const cursor = new ByteCursor();

/** How often a column of numbers, or of texts, begins a value that is not that of the row before. */
function turns(columns: ColumnTable, spec: ColumnSpec): number {
  const isText = spec === column.keyText;
  let found = 0;
  for (open(columns, spec); !cursor.done; ) {
    const count = cursor.signed();
    const values = count < 0 ? -count : 1;
    for (let i = 0; i < values; i++) {
      const value = cursor.unsigned();
      if (isText && count !== 0) cursor.skip(value);
    }
    found += values;
  }
  return found;
}

/** How many numbers of a column of differences are neither that of the row before nor the next. */
function leaps(columns: ColumnTable, spec: ColumnSpec): number {
  let found = 0;
  for (open(columns, spec); !cursor.done; ) {
    const count = cursor.signed();
    if (count === 0) cursor.unsigned();
    else if (count > 0) found += isLeap(cursor.signed()) ? count : 0;
    for (let i = count; i < 0; i++) if (isLeap(cursor.signed())) found++;
  }
  return found;
}

const isLeap = (difference: number): boolean => difference !== 0 && difference !== 1;

function marks(columns: ColumnTable): number {
  // Where none has a name, the first that there is is refused.
  if (columnStart(columns, column.markName) === columnEnd(columns, column.markName)) return 0;
  let found = 0;
  for (open(columns, column.action); !cursor.done; ) {
    const count = cursor.signed();
    if (count === 0) cursor.unsigned();
    else if (count > 0) found += cursor.unsigned() === action.mark ? count : 0;
    for (let i = count; i < 0; i++) if (cursor.unsigned() === action.mark) found++;
  }
  return found;
}

/** Moves `cursor` to a column. */
function open(columns: ColumnTable, spec: ColumnSpec): void {
  cursor.move(columns.bytes, columnStart(columns, spec), columnEnd(columns, spec));
}
