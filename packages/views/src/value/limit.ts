import { ViewError } from "../errors.ts";

/** How many are read of something: all when nothing is said. @throws ViewError QUERY_INVALID */
export function limitIn(limit: number = Number.POSITIVE_INFINITY): number {
  if (limit === Number.POSITIVE_INFINITY || (Number.isInteger(limit) && limit >= 0)) return limit;
  throw new ViewError("QUERY_INVALID", "a limit is a whole number from 0");
}
