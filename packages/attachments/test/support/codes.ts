import { AttachmentError } from "../../src/errors.ts";

/** The code of what `work` rejects with, or what it gives. */
export async function codeOf(work: () => Promise<unknown>): Promise<unknown> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AttachmentError) return error.code;
    throw error;
  }
}
