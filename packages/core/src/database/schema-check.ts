import type { StandardSchemaV1 } from "@standard-schema/spec";
import { plainCopy } from "../automerge/plain-data.ts";
import { ATTACHMENTS } from "../document/attachments-field.ts";
import { CoreError } from "../errors.ts";

/**
 * A schema of any library that follows Standard Schema (https://standardschema.dev): documents are `T`, and new ones are given as `In`,
 * without what has a default for example.
 */
export type Schema<T extends object, In = T> = StandardSchemaV1<In, T>;
/** Why a schema refused a document: the `cause` of `SCHEMA_MISMATCH` is a list of these. */
export type SchemaIssue = StandardSchemaV1.Issue;

/** What documents have to be before they are written here. */
export interface SchemaCheck<T extends object, In = T> {
  /** The data of a new document, as the schema gives it: with its defaults. @throws CoreError SCHEMA_MISMATCH | SCHEMA_ASYNC */
  created(data: In): T;
  /** Whether a document may become this; what the schema would fill in is left out. @throws the same */
  changed(data: object): void;
}

/** The check of a database without a schema: what is given is what documents are. */
export const unchecked = <T extends object, In>(): SchemaCheck<T, In> => ({
  created: (data) => data as unknown as T,
  changed: () => undefined,
});

export function checkWith<T extends object, In>(schema: Schema<T, In>): SchemaCheck<T, In> {
  const validate = (data: unknown): T => {
    const result = schema["~standard"].validate(data);
    if (result instanceof Promise) {
      result.catch(() => undefined); // nobody waits for it
      throw new CoreError("SCHEMA_ASYNC", "the schema does not answer at once");
    }
    // The issues are the app's own, and may quote the data: they are nowhere but here.
    if (result.issues !== undefined)
      throw new CoreError("SCHEMA_MISMATCH", "the document would not be what the schema asks for", {
        cause: result.issues,
      });
    return result.value;
  };
  const changed = (data: object): void => void validate(plainCopy(ownOf(data)));
  const created = (data: In): T => {
    const made = validate(data);
    changed(made); // what a schema makes and then refuses could never be changed
    return made;
  };
  return { created, changed };
}

/** What an app has written itself. */
function ownOf(data: object): object {
  const entries = Object.entries(data);
  const own = entries.filter(([name]) => !name.startsWith(`${ATTACHMENTS}/`));
  return own.length === entries.length ? data : Object.fromEntries(own);
}
