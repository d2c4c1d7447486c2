// Whether a key is fit to be sealed under, and what it lacks: a pure function of the directory.
import { hexOf } from "../hex.ts";
import type { Member } from "./admission.ts";
import { byTurns } from "./by-turns.ts";
import type { Keeper } from "./key-holders.ts";
import { audienceOf, type DueRecipient, type KeyRules, recipientsIn } from "./key-recipients.ts";

/**
 * Whether something may be sealed under the current versions of a key: no device that lost its right can open all of them. Otherwise the
 * writer rotates first.
 */
export function isSafe(rules: KeyRules, keyId: Uint8Array): boolean {
  const { catalog, openers } = rules;
  const { outsiders } = audienceOf(rules, keyId);
  const current = (catalog.find(keyId)?.current ?? []).map((version) => openers.depths(keyId, version));
  const opensAll = (keeper: Keeper): boolean => current.every((depthOf) => depthOf(keeper) !== undefined);
  return current.length === 0 || ![...outsiders].some(opensAll);
}

/** A current version, and those who are due it and were not given it. */
interface MissingPermit {
  readonly version: Uint8Array;
  readonly to: readonly DueRecipient[];
}

/** What nobody gave to those who are due it: whoever let them in and whoever turned the key did not know of each other. Empty when everybody can open what is current. */
function missingPermits(rules: KeyRules, keyId: Uint8Array): readonly MissingPermit[] {
  const { openers, catalog } = rules;
  const audience = audienceOf(rules, keyId);
  return (catalog.find(keyId)?.current ?? []).flatMap((version) => {
    const depthOf = openers.depths(keyId, version);
    const due = audience.due.filter((member) => depthOf(openers.keeperOf(member)) === undefined);
    return due.length === 0 ? [] : [{ version, to: recipientsIn(rules, { ...audience, due }) }];
  });
}

/** Versions of a key that no current one leads to: who comes to the key now can't read what lies under them. */
function unlinkedVersions(rules: KeyRules, keyId: Uint8Array): readonly Uint8Array[] {
  const key = rules.catalog.find(keyId);
  if (key === undefined) return [];
  const reached = rules.openers.ledTo(keyId, key.current);
  return key.versions.filter((version) => !reached.has(hexOf(version)));
}

/** Those who are due a version with its history and do not hold that. */
function lackHistory(rules: KeyRules, keyId: Uint8Array, version: Uint8Array): readonly DueRecipient[] {
  const { openers } = rules;
  const audience = audienceOf(rules, keyId);
  const depthOf = openers.depths(keyId, version);
  const due = audience.due.filter(
    (member) => !audience.fromNow.has(member) && depthOf(openers.keeperOf(member)) !== "full",
  );
  return recipientsIn(rules, { ...audience, due });
}

/**
 * Whether all who hold a version with its history may read everything under the key: what is linked from it, they read.
 * SECURITY: P-11. Who reads from now on and turns the key is led to nothing from before, nor is who is out (key-histories.test.ts, key-history.test.ts).
 */
function mayLeadBack(rules: KeyRules, keyId: Uint8Array, version: Uint8Array): boolean {
  const { openers, membership } = rules;
  const { due, fromNow } = audienceOf(rules, keyId);
  const depthOf = openers.depths(keyId, version);
  const keepers = new Set(due.filter((member) => !fromNow.has(member)).map(openers.keeperOf));
  return membership.members.map(openers.keeperOf).every((keeper) => keepers.has(keeper) || depthOf(keeper) !== "full");
}

/**
 * In which turn it is for a device to give what others lack of a key: those who read all of it and can, of each person one, then of each the
 * next, by their ids. Null for who can't. Two that do not know of each other do no harm: permits and links are the same twice.
 * SECURITY: D11. Who has the lowest ids there are puts the others off by a turn (d11-history-withheld.test.ts).
 */
function turnToGive(rules: KeyRules, self: Member, keyId: Uint8Array): number | null {
  const { openers, catalog, membership } = rules;
  const { due, fromNow } = audienceOf(rules, keyId);
  const current = (catalog.find(keyId)?.current ?? []).map((version) => openers.depths(keyId, version));
  const able = due
    .filter((each) => !fromNow.has(each))
    .filter((each) => current.every((depthOf) => depthOf(openers.keeperOf(each)) === "full"))
    .map((each) => ({ author: hexOf(membership.personOf(each)), name: hexOf(each.id) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const place = byTurns(able, able.length).indexOf(hexOf(self.id));
  return current.length === 0 || place < 0 ? null : Math.ceil(Math.log2(place + 1));
}

/** How a version would do to seal under in place of the current ones. */
interface Fallback {
  /** How many who are due the key can't open it. */
  readonly closedTo: number;
  /** How many whose right ended can. */
  readonly openTo: number;
}

/** What becomes of something that is sealed under one version. */
function fallbackOf(rules: KeyRules, keyId: Uint8Array, version: Uint8Array): Fallback {
  const { openers } = rules;
  const { due, outsiders } = audienceOf(rules, keyId);
  const depthOf = openers.depths(keyId, version);
  return {
    closedTo: due.filter((member) => depthOf(openers.keeperOf(member)) === undefined).length,
    openTo: [...outsiders].filter((keeper) => depthOf(keeper) !== undefined).length,
  };
}

/** What the directory says about how fit keys are. */
export interface KeyFitness {
  /** What those who are due a key were never given of its current versions. */
  missing(keyId: Uint8Array): readonly MissingPermit[];
  /** Those who are due a version with its history and were not given that. */
  lackHistory(keyId: Uint8Array, version: Uint8Array): readonly DueRecipient[];
  /** Whether links may lead from a version to earlier ones. */
  mayLeadBack(keyId: Uint8Array, version: Uint8Array): boolean;
  /** Versions that no current one leads to. */
  unlinked(keyId: Uint8Array): readonly Uint8Array[];
  /** These versions and those that they lead to, in hex. */
  ledTo(keyId: Uint8Array, versions: readonly Uint8Array[]): ReadonlySet<string>;
  turnToGive(member: Member, keyId: Uint8Array): number | null;
  /** Whether a device holds a version with its history: what it gives of that is believed. */
  passesOn(member: Member, keyId: Uint8Array, version: Uint8Array): boolean;
  fallback(keyId: Uint8Array, version: Uint8Array): Fallback;
}

/** Answers from one directory, each remembered that every write asks for. */
export function keyFitness(rules: KeyRules): KeyFitness {
  const missing = new Map<string, readonly MissingPermit[]>();
  return {
    missing: (keyId) => {
      const known = missing.get(hexOf(keyId)) ?? missingPermits(rules, keyId);
      missing.set(hexOf(keyId), known);
      return known;
    },
    lackHistory: (keyId, version) => lackHistory(rules, keyId, version),
    mayLeadBack: (keyId, version) => mayLeadBack(rules, keyId, version),
    unlinked: (keyId) => unlinkedVersions(rules, keyId),
    ledTo: (keyId, versions) => rules.openers.ledTo(keyId, versions),
    turnToGive: (member, keyId) => turnToGive(rules, member, keyId),
    passesOn: (member, keyId, version) =>
      rules.openers.depths(keyId, version)(rules.openers.keeperOf(member)) === "full",
    fallback: (keyId, version) => fallbackOf(rules, keyId, version),
  };
}
