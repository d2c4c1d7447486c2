// Holds the directory that clients use against the twin, and the twin against the model, on who may open and seal what.
import { toHex } from "@selkie/entry";
import { type Accepted, accept } from "../../../src/rules/accept.ts";
import { directory, type Entry, type Statement } from "../../../src/rules/facts.ts";
import { commonKeys, judgeKeys, type Keys, keeperOf } from "../../../src/rules/keys.ts";
import { isRefused } from "../../../src/rules/let-in.ts";
import { beside } from "../../../src/rules/people.ts";
import type { ToldDirectory } from "./as-directory.ts";
import { foundingInModel, keyInModel, type Model, toModel } from "./as-model.ts";
import { isInModel } from "./compare.ts";

const idsOf = (entries: readonly Entry[]): readonly string[] => entries.map(({ id }) => id).sort();

/** What counts, however it came. */
export interface CountingFindings {
  readonly entries: readonly string[];
  readonly live: readonly string[];
  /** Per key: what is sealed under. */
  readonly heads: readonly string[];
}

/** What the directory says of a history. */
export interface DirectoryFindings extends CountingFindings {
  /** Per device with rights: the keys due to it. */
  readonly entitled: readonly string[];
  /** Per key: the statements that its next rotation supersedes. */
  readonly open: readonly string[];
  /** Keys whose current versions nobody who is out can open. */
  readonly safe: readonly string[];
  /** Per version: how many whom it is due to can't open it, how many who are out can, and who opens it with its history. */
  readonly versions: readonly string[];
  /** Current versions that somebody lacks whom they are due. */
  readonly missing: readonly string[];
}

/** What is in the directory, by names. */
function readingOf({ view, bytes }: ToldDirectory) {
  const names = bytes.names();
  const nameOf = (id: Uint8Array | "root"): string => (id === "root" ? id : (names.get(toHex(id)) ?? ""));
  const namesOf = (ids: readonly Uint8Array[]): string => ids.map(nameOf).sort().join();
  const devices = view.allDevices().flatMap(({ id }) => view.admission(id) ?? []);
  const live = [...devices, ...view.roots()].filter((each) => view.isLive(each));
  return { nameOf, namesOf, live, keys: view.keys().map((key) => ({ ...key, name: nameOf(key.keyId) })) };
}

export function countingFindings(told: ToldDirectory): CountingFindings {
  const { nameOf, namesOf, live, keys } = readingOf(told);
  const current = keys.filter((key) => key.current.length > 0);
  return {
    entries: idsOf(told.counting()),
    live: live.map(({ id }) => nameOf(id)).sort(),
    heads: current.map(({ name, current: versions }) => `${name} ${namesOf(versions)}`).sort(),
  };
}

export function directoryFindings(told: ToldDirectory): DirectoryFindings {
  const { view } = told;
  const { keyFitness } = view;
  const { nameOf, namesOf, live, keys } = readingOf(told);
  const entitled = live.map((each) => {
    const due = keys.filter(({ keyId }) => view.isEntitled(each, keyId));
    return `${nameOf(each.id)} ${namesOf(due.map(({ keyId }) => keyId))}`;
  });
  const versions = keys.flatMap(({ name, keyId, versions: all }) =>
    all.map((version) => {
      const { closedTo, openTo } = keyFitness.fallback(keyId, version);
      const full = view.allDevices().filter((device) => keyFitness.passesOn(device, keyId, version));
      return `${name} ${nameOf(version)} ${closedTo} ${openTo} ${namesOf(full.map(({ id }) => id))}`;
    }),
  );
  const safe = keys.filter(({ keyId }) => view.isSafe(keyId));
  const missing = keys.flatMap(({ name, keyId }) =>
    keyFitness.missing(keyId).map(({ version }) => `${name} ${nameOf(version)}`),
  );
  return {
    ...countingFindings(told),
    entitled: entitled.sort(),
    open: keys.map(({ name, open }) => `${name} ${namesOf(open)}`).sort(),
    safe: safe.map(({ name }) => name).sort(),
    versions: versions.sort(),
    missing: missing.sort(),
  };
}

/** The entries that count as the twin has it. @param accepted with the voices that the directory hears */
export function entriesAsTold(accepted: Accepted): readonly string[] {
  const { known, entries } = accepted;
  // What an admin leaves of somebody's rights is no way around what another takes at the same time (docs/adr/0020).
  const isDemoted = ({ database, admission }: Entry): boolean => {
    const author = known.admissions.get(admission);
    const others = database === directory || author === undefined ? [] : beside(accepted, author);
    return others.some(({ role }) => role === "reader");
  };
  return idsOf([...known.entries.values()].filter((entry) => entries.has(entry.id) && !isDemoted(entry)));
}

/** All that the directory says, from the twin. @param accepted with the voices that the directory hears */
export function twinAsTold(accepted: Accepted): DirectoryFindings {
  const { everKnown, live } = accepted;
  const keys = judgeKeys(accepted);
  const devices = [...everKnown.admissions.values()].filter(({ isRoot }) => !isRoot);
  const names = [...keys.versions.keys()].sort();
  const lacking = (key: string, version: string) =>
    devices.filter(({ id }) => keys.isEntitled(id, key) && keys.depth(id, version) === undefined);
  const versions = [...keys.versions].flatMap(([key, all]) =>
    [...all].map((version) => {
      const full = devices.filter(({ id }) => keys.depth(id, version) === "full").map(({ id }) => id);
      const open = [...keys.outsiders(key)].filter((keeper) => keys.opens(keeper, version));
      return `${key} ${version} ${lacking(key, version).length} ${open.length} ${full.sort()}`;
    }),
  );
  const missing = [...keys.heads].flatMap(([key, current]) =>
    current.filter((version) => lacking(key, version).length > 0).map((version) => `${key} ${version}`),
  );
  return {
    entries: entriesAsTold(accepted),
    live: [...live].sort(),
    heads: [...keys.heads].map(([key, current]) => `${key} ${current}`).sort(),
    entitled: [...live].map((id) => `${id} ${names.filter((key) => keys.isEntitled(id, key))}`).sort(),
    open: [...keys.open].map(([key, ids]) => `${key} ${ids}`).sort(),
    safe: names.filter((key) => keys.isSafe(key)),
    versions: versions.sort(),
    missing: missing.sort(),
  };
}

/**
 * Whether the model can be asked. It does not have: voices as they are said as built; what a change says that is refused where it is read;
 * the least that changes at once leave; versions apart from the rotations that make them, so that somebody could repeat one; and devices
 * admitted twice, of which it takes each admission for a keeper of its own.
 */
export function isAsInModel(accepted: Accepted): boolean {
  const { known, entries } = accepted;
  const heard = accept(known.entries.values());
  const isSame = heard.entries.size === entries.size && [...entries].every((id) => heard.entries.has(id));
  const devices = [...known.admissions.values()].filter(({ isRoot }) => !isRoot).map(keeperOf);
  const isRefusing = known.statements.some((made) => isRefused(known.admissions, made));
  const isRepeating = known.statements.some(
    ({ entry, statement }) => statement.type === "rotate" && statement.version !== entry.id,
  );
  return isSame && isInModel(heard) && !isRefusing && !isRepeating && new Set(devices).size === devices.length;
}

/** What model and twin say of keys. */
interface KeyFindings {
  readonly heads: readonly string[];
  readonly safe: readonly string[];
  /** Per device and key: entitled, can open all, can seal. */
  readonly rights: readonly string[];
}

interface KeyAnswers {
  readonly heads: Iterable<readonly [string, readonly string[]]>;
  isEntitled(device: string, key: string): boolean;
  canOpenAll(device: string, key: string): boolean;
  isSafe(key: string): boolean;
  canSeal(device: string, key: string): boolean;
}

function keyFindings(answers: KeyAnswers, devices: readonly string[]): KeyFindings {
  const names = [...commonKeys, "k"];
  const flags = (id: string, key: string) => [
    answers.isEntitled(id, key),
    answers.canOpenAll(id, key),
    answers.canSeal(id, key),
  ];
  return {
    heads: [...answers.heads].map(([key, versions]) => `${key} ${versions}`).sort(),
    safe: names.filter((key) => answers.isSafe(key)),
    rights: devices.flatMap((id) => names.map((key) => `${id} ${key} ${flags(id, key).map(Number).join("")}`)),
  };
}

export function keysInTwin({ known }: Accepted, keys: Keys): KeyFindings {
  return keyFindings(keys, [...known.admissions.keys()]);
}

/** The model's word on a history from which what counts for nothing in the twin is taken away: gifts by who could not open them. */
export function keysInModel(model: Model, { known }: Accepted, keys: Keys): KeyFindings {
  const entries = [...known.entries.values()].map((entry) => ({
    ...entry,
    statements: entry.statements.map((statement) => ({ ...statement, ...heldOf(keys, entry, statement) })),
  }));
  const result = model.accept([...foundingInModel(), ...entries.map((entry) => toModel(entry))]);
  const answers: KeyAnswers = {
    heads: Object.entries(result.heads).map(([key, of]) => [key === "dir" ? "directory" : key, of] as const),
    // The model answers undefined for a user without keys.
    isEntitled: (device, key) => result.entitled(device, keyInModel(key)) === true,
    canOpenAll: (device, key) => result.canOpenAll(device, keyInModel(key)),
    isSafe: (key) => result.safe(keyInModel(key)),
    canSeal: (device, key) => result.canSeal(device, keyInModel(key)) === true,
  };
  return keyFindings(answers, [...known.admissions.keys()]);
}

function heldOf(keys: Keys, { admission }: Entry, statement: Statement): object {
  const held = (versions: readonly string[]) =>
    versions.filter((version) => keys.depth(admission, version) !== undefined);
  if (statement.type === "permit") return { versions: held(statement.versions) };
  return statement.type === "rotate" ? { links: held(statement.links) } : {};
}
