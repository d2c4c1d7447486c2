import type { DatabaseId, WriterKey } from "@selkie/entry";
import { hexOf } from "../hex.ts";

/** The name of a chain: its database and writer. */
export function chainName(database: DatabaseId, writer: WriterKey): string {
  return `${hexOf(database)}/${hexOf(writer)}`;
}
