/**
 * The attachments of a document stand in its data under names that begin with this and a slash. An app's schema is not shown them: what they
 * hold is no app's to write.
 */
export const ATTACHMENTS = "_attachments";
