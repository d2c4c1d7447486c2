// What was read of the directory's chains names heads of others: of each chain the newest such entry.
import { toHex, type WriterKey } from "@selkie/entry";
import type { DirectoryView } from "../directory/directory-view.ts";
import type { DirectoryClaim } from "./directory-claims.ts";

/** Claims as they are read, before their authors are judged. */
export class HeardClaims {
  /** By writer. */
  readonly #heard = new Map<string, Omit<DirectoryClaim, "admission">>();

  hear(claim: Omit<DirectoryClaim, "admission">): void {
    const { writer, seq } = claim.entry.header;
    const heard = this.#heard.get(toHex(writer));
    if (heard === undefined || heard.entry.header.seq <= seq) this.#heard.set(toHex(writer), claim);
  }

  clear(): void {
    this.#heard.clear();
  }

  /** Those of admitted authors, once. */
  take(judge: (writer: WriterKey) => ReturnType<DirectoryView["judge"]>): readonly DirectoryClaim[] {
    const claims: DirectoryClaim[] = [];
    for (const claim of this.#heard.values()) {
      const { writer, seq } = claim.entry.header;
      const verdict = judge(writer);
      if (verdict.type === "admitted" && seq <= verdict.last) claims.push({ ...claim, admission: verdict.admission });
    }
    this.#heard.clear();
    return claims;
  }
}
