import { type Doc, idOf } from "../document/doc-handle.ts";
import type { DocumentRecord } from "../document/document-record.ts";
import { CoreError } from "../errors.ts";
import type { DatabaseTransaction } from "./database.ts";
import type { DatabaseParts } from "./database-parts.ts";
import { checkedEdit } from "./edit-document.ts";
import type { SchemaCheck } from "./schema-check.ts";
import { Transaction } from "./transaction.ts";

/** How often a transaction is tried whose documents are edited meanwhile. */
const TRIES = 5;

/** What is meant where its methods are not told. */
export interface Defaults {
  /** Name of a key. */
  readonly key: string | undefined;
  readonly message: string | undefined;
}

interface Offered<T extends object, In> {
  readonly parts: DatabaseParts;
  readonly check: SchemaCheck<T, In>;
  readonly defaults: Defaults;
}

type Run<T extends object, In, R> = (tx: DatabaseTransaction<T, In>) => Promise<R>;

/** Runs a transaction, again while its documents are edited meanwhile. @throws CoreError TRANSACTION_CONFLICT */
export async function transact<T extends object, In, R>(
  parts: DatabaseParts,
  check: SchemaCheck<T, In>,
  run: Run<T, In, R>,
  defaults: Defaults,
): Promise<R> {
  for (let tries = 0; tries < TRIES; tries++) {
    const done = await runOnce(parts, run, (transaction) => methodsOf({ parts, check, defaults }, transaction));
    if (done !== null) return done.result;
  }
  throw new CoreError("TRANSACTION_CONFLICT", "the documents of the transaction were edited whenever it ran");
}

/** @returns null when nothing was done, as a document had moved on */
async function runOnce<T extends object, In, R>(
  parts: DatabaseParts,
  run: Run<T, In, R>,
  methods: (transaction: Transaction) => DatabaseTransaction<T, In>,
): Promise<{ readonly result: R } | null> {
  const transaction = new Transaction(parts);
  let isCommitted = false;
  try {
    const result = await run(methods(transaction));
    await transaction.end();
    const committed = await transaction.commit();
    if (committed === null) return null;
    const { records, durable } = committed;
    isCommitted = true;
    await durable;
    for (const { name } of records) parts.events.emit("change", { id: name });
    return { result };
  } finally {
    await transaction.end();
    await transaction.drop(isCommitted);
  }
}

function methodsOf<T extends object, In>(
  { parts, check, defaults }: Offered<T, In>,
  transaction: Transaction,
): DatabaseTransaction<T, In> {
  const show = async (record: DocumentRecord): Promise<Doc<T>> =>
    (await parts.shelf.handle(record)) as unknown as Doc<T>;
  return {
    createDocument: async (data = {} as In, options = {}) => {
      const key = parts.keyId(options.key ?? defaults.key);
      const ready = parts.writes.ready(key, parts.held() !== null);
      if (ready !== null) await ready;
      return show(await transaction.create({ data: check.created(data), key, name: options.id ?? null }));
    },
    changeDoc: async (doc, change, { message = defaults.message } = {}) => {
      const id = idOf(doc);
      return show(await transaction.edit(id, checkedEdit(check, id, change), message));
    },
    deleteDocument: async (doc, { message = defaults.message } = {}) =>
      void (await transaction.edit(idOf(doc), "delete", message)),
  };
}
