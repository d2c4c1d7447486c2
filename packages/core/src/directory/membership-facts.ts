// The directory's statements as membership judges them: ids and keys as text, chains as far as statements stand in them.
import { equalBytes, type StatementId, type Verifier } from "@selkie/entry";
import { hexOf } from "../hex.ts";
import { identityKeyText } from "../keys/identity-key.ts";
import type {
  ChainFacts,
  ClaimFacts,
  Cut,
  DirectoryFacts,
  GrantFacts,
  Place,
  PlacedFacts,
  RevokeFacts,
  StatementFacts,
} from "../membership/facts.ts";
import type { WriterHead } from "../sealing/control-part.ts";
import {
  type Admissions,
  admissionName,
  type DirectoryIdentity,
  isMember,
  type Member,
  type PlacedStatement,
} from "./admission.ts";
import { chainName } from "./chain-name.ts";
import { ChainPlaces } from "./chain-places.ts";
import type { DatabaseCuts } from "./cuts.ts";
import type { ProvenForks } from "./proven-forks.ts";
import { continuedAdmission, type Revocation, type Statement } from "./statement.ts";

/** What is known of a directory. */
export interface Known {
  readonly admissions: Admissions;
  readonly statements: readonly PlacedStatement[];
  readonly forks: ProvenForks;
  /** What devices say in the directory that they have seen. */
  readonly vectors: readonly PlacedVector[];
}

/** A vector and the chain of the directory that it stands in. */
export interface PlacedVector extends Pick<PlacedStatement, "entry" | "writer" | "seq" | "certificate"> {
  readonly heads: readonly WriterHead[];
}

/** What membership is judged from. */
export interface MembershipFacts {
  readonly chains: readonly ChainFacts[];
  readonly directory: DirectoryFacts;
  /** Where an entry of the directory stands. */
  place(entry: Pick<PlacedStatement, "entry" | "writer" | "seq">): Place;
}

/**
 * Facts of a set of statements. A store holds one branch of a chain: as long as statements stand in it, and divided where it is proven to
 * fork.
 *
 * @param admissions whom the statements would let in: a statement counts here only if its author's certificate is good
 */
export function membershipFacts(
  verifier: Verifier,
  identity: DirectoryIdentity,
  { admissions, statements, forks, vectors }: Known,
): MembershipFacts {
  const admissionByWriter = new Map<string, string | null>();
  const admissionOf = (chain: Pick<PlacedVector, "writer" | "certificate">): string | null => {
    const writer = hexOf(chain.writer);
    const known = admissionByWriter.get(writer);
    if (known !== undefined) return known;
    const verdict = admissions.judgeAuthor(chain);
    const admission = verdict.type === "admitted" ? admissionName(verdict.admission.id) : null;
    admissionByWriter.set(writer, admission);
    return admission;
  };
  const byEntry = new Map([...statements, ...vectors].map((each) => [hexOf(each.entry), each]));
  const known = [...byEntry].map(([id, each]) => {
    const { writer, seq } = each;
    return { id, writer, seq, admission: admissionOf(each) };
  });
  const places = new ChainPlaces(identity.directory, forks, known);
  const placeByEntry = new Map(known.map((each) => [each.id, places.of(each)]));
  const place = (entry: Pick<PlacedStatement, "entry" | "writer" | "seq">): Place =>
    placeByEntry.get(hexOf(entry.entry)) ?? places.of(entry);
  const facts = statements.flatMap((placed): PlacedFacts[] => {
    if (admissionOf(placed) === null) return [];
    const statement = factsOf({ verifier, admissions }, placed);
    return statement === null ? [] : [{ id: hexOf(placed.id), at: place(placed), statement }];
  });
  return {
    chains: places.chains(),
    directory: {
      statements: facts,
      claims: vectors.flatMap((vector) => claimsIn(vector, place(vector), forks)),
      place: (id) => placeByEntry.get(id) ?? (forks.size === 0 ? undefined : places.proven(id)),
      unheld: (chain, seq) => places.unheld(chain, seq),
    },
    place,
  };
}

/** What a vector says about chains that fork: of which of them it names an entry that a proof shows. */
function claimsIn({ heads }: PlacedVector, at: Place, forks: ProvenForks): readonly ClaimFacts[] {
  return [...forks].flatMap(([chain, fork]) => {
    // Rival first entries may be of several admissions, and who holds one of them knows of one only: cuts alone decide.
    if (fork.isTorn || fork.seq === 0) return [];
    const head = heads.find(({ writer }) => equalBytes(writer, fork.writer));
    return head === undefined || !fork.rivalOf.has(hexOf(head.id)) ? [] : [{ at, chain, head: hexOf(head.id) }];
  });
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
