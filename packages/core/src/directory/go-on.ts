// A directory goes on with statements that change nobody's rights: what was found about people and keys stays as it is.
import { sortAccessLists } from "./access.ts";
import type { PlacedStatement } from "./admission.ts";
import type { DirectoryView } from "./directory-view.ts";
import type { Authored } from "./entitlement.ts";
import { fitnessQueries } from "./key-queries.ts";
import type { KeyRules } from "./key-recipients.ts";
import type { People } from "./people.ts";
import { byType } from "./sorted-statements.ts";
import type { Statement } from "./statement.ts";

/** What a directory is, but for how it goes on. */
interface Ground {
  readonly view: Omit<DirectoryView, "goOn">;
  readonly rules: KeyRules;
  readonly least: People["least"];
}

/** The view with how it goes on. */
export function goingOn(ground: Ground): DirectoryView {
  return { ...ground.view, goOn: (more) => goOn(ground, more) };
}

/**
 * INVARIANT: what follows is what all of the statements together give (go-on.test.ts).
 * @returns null where more may follow from them
 */
function goOn({ view, rules, least }: Ground, more: readonly PlacedStatement[]): DirectoryView | null {
  const said: Authored<Statement>[] = [];
  for (const placed of more) {
    const verdict = view.judge({ ...placed, database: view.identity.directory });
    // Where a chain ends or forks, its length says what counts.
    if (verdict.type !== "admitted" || verdict.last < Number.POSITIVE_INFINITY || view.forks.length > 0) return null;
    said.push({ placed, statement: placed.statement, author: least(verdict.admission) });
  }
  if (!said.every(changesNoRights)) return null;
  const of = byType(said);
  const lists = of("accessList").map(({ statement }) => statement.list);
  const openers = rules.openers.goOn({ permits: of("permit"), links: of("link") });
  const later = { ...rules, openers };
  const accessLists = lists.length === 0 ? view.accessLists : sortAccessLists([...view.accessLists, ...lists]);
  return goingOn({ view: { ...view, accessLists, ...fitnessQueries(later) }, rules: later, least });
}

function changesNoRights({ statement: { type }, author }: Authored<Statement>): boolean {
  return type === "permit" || type === "link" || (type === "accessList" && author.role === "admin");
}
