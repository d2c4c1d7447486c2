// The directory as of a set of statements. A pure function of the set: neither order nor batching changes anything in it
// (directory-view.test.ts).
import { compareBytes, type EntryId, equalBytes, type Signature, type Verifier, type WriterKey } from "@selkie/entry";
import { hexOf } from "../hex.ts";
import { sortAccessLists } from "./access.ts";
import { admissionName, type DirectoryIdentity, type PlacedStatement } from "./admission.ts";
import { chainName } from "./chain-name.ts";
import { byDemoted } from "./demotions.ts";
import type { DirectoryView, RejectedStatement } from "./directory-view.ts";
import { goingOn } from "./go-on.ts";
import { catalogKeys } from "./key-catalog.ts";
import type { KeyMembership } from "./key-holders.ts";
import { findOpeners } from "./key-openers.ts";
import { dueQueries, fitnessQueries, keyQueries } from "./key-queries.ts";
import type { KeyRules } from "./key-recipients.ts";
import { finderByName, memberQueries, wipeDelays } from "./member-queries.ts";
import { judgeMembership } from "./membership.ts";
import type { Known, PlacedVector } from "./membership-facts.ts";
import { resolvePeople } from "./people.ts";
import { provenForks } from "./proven-forks.ts";
import { purgesIn } from "./purges.ts";
import { resolveAdmissions } from "./resolve-admissions.ts";
import { currentSettings, resolveNames, settingsOf } from "./settings.ts";
import { inOrder, type Settled, sortOut } from "./sorted-statements.ts";

/** Reads a directory. Statements may come in any order, and more than once. */
export function buildDirectory(
  verifier: Verifier,
  identity: DirectoryIdentity,
  placed: readonly PlacedStatement[],
  vectors: readonly PlacedVector[] = [],
): DirectoryView {
  const statements = inOrder(placed);
  const forks = provenForks(verifier, identity, statements);
  const settling = settle(verifier, identity, { statements, forks, vectors });
  const { everAdmitted, membership } = settling;
  const people = resolvePeople(settling, statements, membership);
  const { personOf } = people;
  const settled = { ...settling, people };
  const sorted = sortOut(identity, settled, statements);
  const found = sorted.found;
  const settings = currentSettings(sorted.of("settings"));
  const names = resolveNames(sorted.of("rename"), everAdmitted.members, people);
  const catalog = catalogKeys(verifier, {
    found: sorted.seen("found")[0], // whatever cuts the founding chain: a tenant without keys is lost (membership.test.ts "D10 ...")
    creations: sorted.seen("createKey"),
    rotations: sorted.seen("rotate"),
    links: sorted.seen("link"),
    shares: sorted.of("share"),
    counts: (id) => sorted.counts(id),
    given: people.given,
  });
  const keyMembership: KeyMembership = {
    members: everAdmitted.members.map(people.least),
    isLive: (id) => membership.isLive({ id }),
    personOf,
  };
  const rules: KeyRules = {
    catalog,
    membership: keyMembership,
    openers: findOpeners(
      verifier,
      catalog,
      {
        permits: sorted.seen("permit"),
        userKeys: sorted.seen("userKey"),
        addedDevices: sorted.seen("addDevice"),
      },
      keyMembership,
    ),
    userKeys: sorted.of("userKey"),
    seenUserKeys: sorted.seen("userKey"),
  };
  const notEntitled = catalog.rejected.map((id): RejectedStatement => ({ id, code: "NOT_ENTITLED" }));
  let digest: Uint8Array | null = null;
  const view: Omit<DirectoryView, "goOn"> = {
    identity,
    digest: () => {
      if (forks.size === 0) digest ??= verifier.sha256(...statements.map(({ id }) => id));
      return digest;
    },
    found,
    accessLists: sortAccessLists(sorted.of("accessList").map(({ statement }) => statement.list)),
    voidAccessLists: sorted
      .seen("accessList")
      .flatMap(({ placed, statement }) => (sorted.counts(placed.id) ? [] : [statement.list])),
    settings: settings.values,
    settingsOf: (database) => (database === null ? settings : settingsOf(sorted.of("databaseSettings"), database)),
    minVersion: Math.max(1, ...sorted.of("minVersion").map(({ statement }) => statement.version)),
    databases: [...new Set(sorted.of("database").map(({ statement }) => statement.name))].sort(),
    databasesSaid: sorted.of("database").map(({ author, statement: { name } }) => ({ author, name })),
    rejected: [...sorted.rejected, ...notEntitled].sort((a, b) => compareBytes(a.id, b.id)),
    purges: Map.groupBy(purgesIn(sorted.of("purge"), { identity, personOf }), ({ database }) => hexOf(database)),
    voidPurges: purgesIn(
      sorted.seen("purge").filter(({ placed }) => !sorted.counts(placed.id)),
      { identity, personOf },
    ),
    unknown: sorted.of("unknown").length,
    forks: [...forks.values()],
    forkOf: (database, writer) => forks.get(chainName(database, writer)),
    hasVoice: (user, { database, writer }) =>
      membership.voicesOn(chainName(database, writer)).includes(admissionName(user)),
    ...memberQueries(identity, settled),
    ...names,
    findUser: finderByName(people.users, names),
    cutSignatures: (writer, id) => cutSignatures(statements, writer, id),
    wipeAfter: wipeDelays([...sorted.of("revoke"), ...sorted.of("change")], membership),
    ...keyQueries(catalog),
    ...dueQueries(rules, { found, users: people.users }),
    ...fitnessQueries(rules),
  };
  return goingOn({ view, rules, least: people.least });
}

/**
 * Who is in. Whom those let in who lost the role of admin is refused before the rules of membership are asked; who lost it is for these to
 * say. Looking once is enough: what says so comes from above, and where that is refused all below is void with it.
 */
function settle(
  verifier: Verifier,
  identity: DirectoryIdentity,
  known: Omit<Known, "admissions">,
): Pick<Settled, "admissions" | "everAdmitted" | "membership"> {
  const { statements } = known;
  const judge = (refused: ReadonlySet<string>): Pick<Settled, "admissions" | "membership"> => {
    const admissions = resolveAdmissions(verifier, identity, statements, refused);
    return { admissions, membership: judgeMembership(verifier, identity, { ...known, admissions }) };
  };
  const judged = judge(new Set());
  const refused = byDemoted(judged, statements);
  return { ...(refused.size === 0 ? judged : judge(refused)), everAdmitted: judged.admissions };
}

/** Asked for few entries, of chains that fork. */
function cutSignatures(statements: readonly PlacedStatement[], writer: WriterKey, id: EntryId): readonly Signature[] {
  const cuts = statements.flatMap(({ statement }) => ("cuts" in statement ? statement.cuts : []));
  const found = cuts
    .flatMap((each) => each.cuts)
    .filter((cut) => equalBytes(cut.id, id) && equalBytes(cut.writer, writer));
  return [...new Map(found.map(({ signature }) => [hexOf(signature), signature])).values()];
}
