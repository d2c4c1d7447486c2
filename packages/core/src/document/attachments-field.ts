/** Under this name the attachments of a document stand in its data. An app's schema is not shown it: what it holds is no app's to write. */
export const ATTACHMENTS = "_attachments";
