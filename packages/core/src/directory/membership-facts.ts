// The directory's statements as membership judges them: ids and keys as text, chains as far as statements stand in them.
import type { DatabaseId, StatementId, Verifier } from "@selkie/entry";
import { hexOf } from "../hex.ts";
import { identityKeyText } from "../keys/identity-key.ts";
import type {
  ChainFacts,
  Cut,
  DirectoryFacts,
  GrantFacts,
  Place,
  PlacedFacts,
  RevokeFacts,
  StatementFacts,
} from "../membership/facts.ts";
import { type Admissions, type DirectoryIdentity, isMember, type Member, type PlacedStatement } from "./admission.ts";
import { chainName } from "./chain-name.ts";
import type { DatabaseCuts } from "./cuts.ts";
import type { ProvenFork, ProvenForks } from "./proven-forks.ts";
import { continuedAdmission, type Revocation, type Statement } from "./statement.ts";

/** What is known of a directory. */
export interface Known {
  readonly admissions: Admissions;
  readonly statements: readonly PlacedStatement[];
  readonly forks: ProvenForks;
}

/** What membership is judged from. */
export interface MembershipFacts {
  readonly chains: readonly ChainFacts[];
  readonly directory: DirectoryFacts;
}

/** The name of an admission. */
export function admissionName(id: StatementId | "root"): string {
  return id === "root" ? id : hexOf(id);
}

/**
 * Facts of a set of statements. A store holds one branch of a chain: as long as statements stand in it, and divided where it is proven to
 * fork. Of the rival its first entry is known.
 *
 * @param admissions whom the statements would let in: a statement counts here only if its author's certificate is good
 */
export function membershipFacts(
  verifier: Verifier,
  identity: DirectoryIdentity,
  { admissions, statements, forks }: Known,
): MembershipFacts {
  const placeByEntry = new Map<string, Place>();
  const chains = new Map<string, ChainFacts>();
  const facts: PlacedFacts[] = [];
  for (const placed of statements) {
    const verdict = admissions.judge({ ...placed, database: identity.directory });
    const admission = verdict.type === "admitted" ? admissionName(verdict.admission.id) : null;
    const at = placeIn(forks, identity.directory, placed);
    placeByEntry.set(hexOf(placed.entry), at);
    chains.set(
      at.chain,
      longer(chains.get(at.chain), { name: at.chain, admission, seq: placed.seq, id: placed.entry }),
    );
    if (verdict.type !== "admitted") continue;
    const statement = factsOf({ verifier, admissions }, placed);
    if (statement !== null) facts.push({ id: hexOf(placed.id), at, statement });
  }
  return {
    chains: [...chains.values()].map((chain) => divide(chain, forks.get(chain.name))),
    directory: { statements: facts, claims: [], place: (id) => placeByEntry.get(id) },
  };
}

/** Where a statement stands. */
export function placeIn(
  forks: ProvenForks,
  directory: DatabaseId,
  { writer, seq }: Pick<PlacedStatement, "writer" | "seq">,
): Place {
  const chain = chainName(directory, writer);
  const at = forks.get(chain)?.seq ?? Number.POSITIVE_INFINITY;
  return { chain, branch: seq >= at && at > 0 ? OURS : 0, seq };
}

/** The branch behind a fork that is here, unless the chain begins with the fork. */
const OURS = 1;

function divide(chain: ChainFacts, fork: ProvenFork | undefined): ChainFacts {
  const [whole] = chain.branches;
  if (fork === undefined || whole === undefined) return chain;
  const { seq } = fork;
  const { admission, first, last } = whole;
  const end = { seq, id: "" };
  const parent = seq === 0 ? null : 0;
  const ours = { parent, admission, first: end, last: last.seq < seq ? end : last };
  const theirs = { parent, admission, first: end, last: end };
  const before = { parent: null, admission, first, last: { seq: seq - 1, id: "" } };
  return { name: chain.name, branches: seq === 0 ? [ours, theirs] : [before, ours, theirs] };
}

function longer(
  known: ChainFacts | undefined,
  { name, admission, seq, id }: { name: string; admission: string | null; seq: number; id: Uint8Array },
): ChainFacts {
  const [branch] = known?.branches ?? [];
  const last = branch === undefined || seq > branch.last.seq ? { seq, id: hexOf(id) } : branch.last;
  return { name, branches: [{ parent: null, admission, first: { seq: 0, id: "" }, last }] };
}

interface FactsContext {
  readonly verifier: Verifier;
  readonly admissions: Admissions;
}

/** Null for what says nothing about membership. */
function factsOf(context: FactsContext, placed: PlacedStatement): StatementFacts | null {
  const { verifier, admissions } = context;
  const { statement } = placed;
  if (admissions.rejection(placed.id) !== undefined) return null;
  switch (statement.type) {
    case "grant": {
      const member = memberOf(admissions, placed.id);
      return member === null ? null : { type: "grant", grant: grantFacts(verifier, member, statement.after) };
    }
    case "addDevice":
      return { type: "addDevice", device: deviceNames(verifier, { device: statement.deviceSign, ...statement }) };
    case "revoke":
      return { type: "revoke", revoke: revokeFacts(statement) };
    case "change":
      return { type: "change", ...changeFacts(context, placed, statement) };
    case "readmit":
      return { type: "readmit", lifts: statement.lifts.map(hexOf), cuts: cutsByChain(statement.cuts) };
    case "replaceRoot":
      return { type: "replaceRoot", cuts: cutsByChain(statement.cuts) };
    default:
      return null;
  }
}

function memberOf(admissions: Admissions, id: StatementId): Member | null {
  const admission = admissions.find(id);
  return admission !== undefined && isMember(admission) ? admission : null;
}

function grantFacts(verifier: Verifier, member: Member, after: readonly StatementId[]): GrantFacts {
  return {
    role: member.role,
    person: [identityKeyText(verifier, member.userKem)],
    device: deviceNames(verifier, member),
    after: after.map(hexOf),
    keys: member.keys.map(hexOf),
  };
}

function deviceNames(verifier: Verifier, keys: { device: Uint8Array; deviceKem: Uint8Array }): readonly string[] {
  return [keys.device, keys.deviceKem].map((key) => identityKeyText(verifier, key));
}

type Change = Extract<Statement, { readonly type: "change" }>;

function changeFacts({ verifier, admissions }: FactsContext, { id }: PlacedStatement, statement: Change) {
  const member = memberOf(admissions, id);
  const none = { role: statement.role, person: [], device: [], after: [], keys: [] };
  const others = statement.devices.slice(1).flatMap((device) => {
    const other = memberOf(admissions, continuedAdmission(verifier, id, device));
    return other === null ? [] : [{ id: hexOf(other.id), device: deviceNames(verifier, other) }];
  });
  return { revoke: revokeFacts(statement), grant: member === null ? none : grantFacts(verifier, member, []), others };
}

function revokeFacts({ targets, identityKeys, cuts }: Revocation): RevokeFacts {
  return { targets: targets.map(hexOf), keys: identityKeys.map(hexOf), cuts: cutsByChain(cuts) };
}

function cutsByChain(databases: readonly DatabaseCuts[]): ReadonlyMap<string, Cut> {
  const cuts = databases.flatMap(({ database, cuts: some }) =>
    some.map(({ writer, seq, id }) => [chainName(database, writer), { seq, id: hexOf(id) }] as const),
  );
  return new Map(cuts);
}
