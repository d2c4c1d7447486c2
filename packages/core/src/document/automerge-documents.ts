/** Automerge's functions, once they are loaded. */
export type AutomergeDocuments = typeof import("../automerge/document.ts");
