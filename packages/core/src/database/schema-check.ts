import type { StandardSchemaV1 } from "@standard-schema/spec";
import { plainCopy } from "../automerge/plain-copy.ts";
import { CoreError } from "../errors.ts";

/** A schema of any library that follows Standard Schema (https://standardschema.dev), for documents of type `T`. */
export type Schema<T extends object> = StandardSchemaV1<unknown, T>;

/** What documents have to be before they are written here. */
export interface SchemaCheck<T extends object> {
  /** The data of a new document, as the schema gives it: with its defaults. @throws CoreError SCHEMA_MISMATCH | SCHEMA_ASYNC */
  created(data: T): T;
  /** Whether a document may become this; what the schema would fill in is left out. @throws the same */
  changed(data: object): void;
}

/** The check of a database without a schema. */
export const unchecked = <T extends object>(): SchemaCheck<T> => ({
  created: (data) => data,
  changed: () => undefined,
});

export function checkWith<T extends object>(schema: Schema<T>): SchemaCheck<T> {
  const validate = (data: unknown): T => {
    const result = schema["~standard"].validate(data);
    if (result instanceof Promise) throw new CoreError("SCHEMA_ASYNC", "the schema does not answer at once");
    // The issues are the app's own, and may quote the data: they are nowhere but here.
    if (result.issues !== undefined)
      throw new CoreError("SCHEMA_MISMATCH", "the document would not be what the schema asks for", {
        cause: result.issues,
      });
    return result.value;
  };
  return { created: validate, changed: (data) => void validate(plainCopy(data)) };
}
