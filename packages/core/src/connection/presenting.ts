import { type Session, SyncError } from "@selkie/sync-protocol";
import type { AccessDocuments } from "./access-documents.ts";

/** What a relay is being told about who may connect, one thing after the other. */
export class Presenting {
  readonly #report: (error: unknown) => void;
  #answered: Promise<void> = Promise.resolve();

  constructor(report: (error: unknown) => void) {
    this.#report = report;
  }

  /** Resolves when the relay has answered all that it was told so far, or the session has ended. */
  get answered(): Promise<void> {
    return this.#answered;
  }

  /** Tells the relay what it has not been told yet. @param first what goes before that */
  present(session: Session, documents: AccessDocuments, first: () => Promise<void>): void {
    this.#answered = this.#answered
      .then(async () => {
        await first();
        const fresh = await documents.fresh();
        if (fresh.length > 0) await session.present(fresh);
      })
      .catch((error: unknown) => {
        if (!(error instanceof SyncError)) this.#report(error); // how a session ends, `closed` tells
      });
  }
}
