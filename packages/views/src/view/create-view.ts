import { ViewError } from "../errors.ts";
import type { IndexSource } from "../follow/feed-index.ts";
import { OpenView } from "./open-view.ts";
import type { View, ViewDefinition } from "./view.ts";

/**
 * Makes a view of databases, of one or of several tenants, as they are or as they were; it resolves once every document has been taken in.
 * @throws ViewError EXPRESSION_INVALID | VIEW_INVALID; what the databases throw
 */
export async function createView<T extends object>(
  sources: IndexSource<T> | readonly IndexSource<T>[],
  definition: ViewDefinition<T>,
): Promise<View> {
  const each = "name" in sources ? [sources] : sources;
  if (each.some((source, at) => each.slice(0, at).some((other) => isSame(source, other))))
    throw new ViewError("VIEW_INVALID", "a view has each database once");
  const view = new OpenView(each, definition);
  try {
    await view.open();
  } catch (error) {
    await view[Symbol.asyncDispose]();
    throw error;
  }
  return view;
}

type Named = Pick<IndexSource<object>, "name" | "tenant">;

/** A database as it was is another than it is now. */
function isSame(a: Named, b: Named): boolean {
  return a === b || (a.name === b.name && a.tenant.id === b.tenant.id && !("at" in a) && !("at" in b));
}
