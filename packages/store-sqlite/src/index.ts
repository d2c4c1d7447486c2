// The door of @selkie/store-sqlite.
export { openSqliteStore, type SqliteStoreOptions } from "./open-sqlite-store.ts";
