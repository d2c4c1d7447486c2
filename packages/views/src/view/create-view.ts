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
  const view = new OpenView("name" in sources ? [sources] : sources, definition);
  try {
    await view.open();
  } catch (error) {
    await view[Symbol.asyncDispose]();
    throw error;
  }
  return view;
}
