import { type StatementId, toHex } from "@selkie/entry";
import type { Links } from "../connection/links.ts";
import { type Admission, admissionName, isMember } from "../directory/admission.ts";
import { byTurns } from "../directory/by-turns.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import { hexOf } from "../hex.ts";
import type { Platform } from "../platform.ts";
import type { OpenDatabases } from "./open-databases.ts";

export interface CatchUpContext {
  readonly platform: Pick<Platform, "scheduler">;
  readonly links: Pick<Links, "online" | "catchUp">;
  readonly databases: Pick<OpenDatabases, "visit">;
  view(): Pick<DirectoryView, "databases" | "databasesSaid" | "personOf">;
}

/** Databases that a catch-up has open at a time, beside those that the app has open. */
const AT_A_TIME = 64;
/** Names that are looked at: those that others said, and those that nobody said but the person whose rights end. */
const MOST = { others: 4_096, theirs: 512 };
/** How long all of it may take, ms. */
const LONGEST_MS = 60_000;

/**
 * Brings in what others have of every database there is, before rights of these people end: of one that is not here a revocation would
 * leave nothing. SECURITY: D12. Who loses rights may have named databases without end: never more than a few are open for it, those that
 * nobody else named come last, and the time is bounded (catch-up.test.ts).
 *
 * @returns whether all of it is here, as far as somebody who was reached has it
 */
export async function catchUpAll(at: CatchUpContext, people: readonly StatementId[]): Promise<boolean> {
  const { links, databases, platform } = at;
  if (!links.online) return false;
  let isSynced = await links.catchUp(); // the directory, too, which names the rest
  const names = namesToVisit(at.view(), people);
  isSynced &&= names.length === at.view().databases.length;
  let isLate = false;
  const cancel = platform.scheduler.after(LONGEST_MS, () => {
    isLate = true;
  });
  try {
    for (let from = 0; from < names.length; from += AT_A_TIME) {
      if (isLate) return false;
      const batch = names.slice(from, from + AT_A_TIME);
      isSynced = (await databases.visit(batch, (replicas) => links.catchUp(() => replicas))) && isSynced;
    }
  } finally {
    cancel();
  }
  return isSynced;
}

/** First what others named, each of them in turn, then what only these people did. */
export function namesToVisit(
  view: Pick<DirectoryView, "databasesSaid" | "personOf">,
  people: readonly StatementId[],
): readonly string[] {
  const persons = new Set(people.map(toHex));
  const isTheirs = (author: Admission): boolean => isMember(author) && persons.has(hexOf(view.personOf(author)));
  const said = Object.groupBy(view.databasesSaid, ({ author }) => (isTheirs(author) ? "theirs" : "others"));
  const namesOf = (by: "theirs" | "others"): readonly string[] => {
    const list = (said[by] ?? []).map(({ author, name }) => ({ author: admissionName(author.user), name }));
    return byTurns(list, MOST[by]);
  };
  return [...new Set([...namesOf("others"), ...namesOf("theirs")])];
}
