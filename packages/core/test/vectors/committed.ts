// The committed vectors, read the way another implementation would: from the JSON alone.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fromHex } from "@selkie/entry";
import type { Json, VectorCase, VectorFile } from "./format.ts";

/** Folders below docs/spec/vectors that this package's tests read. */
export type VectorFolder = "change" | "directory" | "part";

const vectors = join(import.meta.dirname, "../../../../docs/spec/vectors");

export function committedFile(folder: VectorFolder, name: string): VectorFile {
  return JSON.parse(readFileSync(join(vectors, folder, `${name}.json`), "utf8")) as VectorFile;
}

export const casesOf = (folder: VectorFolder, name: string): readonly VectorCase[] => committedFile(folder, name).cases;

type Fields = { readonly [field: string]: Json | undefined };

/** Bytes of a field in hexadecimal. */
export function bytesOf(fields: Json | Fields | undefined, field: string): Uint8Array {
  return fromHex(textOf(fields, field));
}

export function textOf(fields: Json | Fields | undefined, field: string): string {
  const value = fieldOf(fields, field);
  if (typeof value !== "string") throw new TypeError(`the vector has no text ${field}`);
  return value;
}

export function numberOf(fields: Json | Fields | undefined, field: string): number {
  const value = fieldOf(fields, field);
  if (typeof value !== "number") throw new TypeError(`the vector has no number ${field}`);
  return value;
}

export function listOf(fields: Json | Fields | undefined, field: string): readonly Json[] {
  const value = fieldOf(fields, field);
  if (!Array.isArray(value)) throw new TypeError(`the vector has no list ${field}`);
  return value as readonly Json[];
}

export function fieldOf(fields: Json | Fields | undefined, field: string): Json | undefined {
  return typeof fields === "object" && fields !== null && !Array.isArray(fields)
    ? (fields as Fields)[field]
    : undefined;
}
