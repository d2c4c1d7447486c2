// Keeps keys fit to be sealed under: nobody is locked out, and nobody who is out reads on.
import { type Admission, isMember } from "../directory/admission.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import type { DirectoryKey } from "../directory/key-catalog.ts";
import type { LinkStatement } from "../directory/statement.ts";
import { hexOf } from "../hex.ts";
import type { KeyRing } from "../keys/key-ring.ts";
import type { KeyVersion } from "../keys/key-version.ts";
import { sealLink } from "../keys/version-link.ts";
import { type DueVersion, groupGifts } from "./due-keys.ts";
import type { Held } from "./rotation.ts";
import type { StatementContext } from "./statement-context.ts";
import { requireFound, sealStatements } from "./statement-work.ts";
import { isAsTurned } from "./turned-keys.ts";

/**
 * How often keys are looked at again: what others write meanwhile may make them unfit. One who turns keys without end stops nobody: after
 * so many times something is sealed under the version that this device made last.
 */
const TRIES = 4;
/** Earlier versions that are given at once; the others follow. */
const VERSIONS = 1_024;

/** What fitness depends on. */
interface FitnessOf {
  readonly view: Pick<DirectoryView, "isSafe" | "keyFitness" | "recipients">;
  readonly ring: Pick<KeyRing, "current">;
}

/** Whether a key may be sealed under as things stand: this device holds what is current, who is out does not, and who is due it does. */
export function isFit(held: FitnessOf, keyId: Uint8Array): boolean {
  if (isAsTurned(held, keyId)) return true;
  const { view, ring } = held;
  return ring.current(keyId) !== undefined && view.isSafe(keyId) && view.keyFitness.missing(keyId).length === 0;
}

/** Whether this device holds what is current of a key, and nobody who is out does. */
function isClosed(held: FitnessOf, keyId: Uint8Array): boolean {
  return isAsTurned(held, keyId) || (held.ring.current(keyId) !== undefined && held.view.isSafe(keyId));
}

/** Whether something has to be done before a key is sealed under, and this device may do it. */
export function isForUs(held: Held, self: Admission, keyId: Uint8Array): boolean {
  return !isFit(held, keyId) && held.view.isEntitled(self, keyId) && (held.view.key(keyId)?.current ?? []).length > 0;
}

/**
 * The version to seal under: what is current, or several merged. Where this device lacks that, or who is out can open it, the version it
 * holds that is closed to the fewest who are due the key, then open to the fewest who are out.
 */
export function versionToSeal(of: Held, keyId: Uint8Array): KeyVersion | undefined {
  const { view, ring } = of;
  if (isClosed(of, keyId)) return ring.current(keyId);
  const held = ring
    .confirmed()
    .toReversed() // the newest of the best
    .filter((key) => hexOf(key.keyId) === hexOf(keyId))
    .map((key) => ({ key, ...view.keyFitness.fallback(keyId, key.version) }))
    .sort((a, b) => a.closedTo - b.closedTo || a.openTo - b.openTo);
  // SECURITY: P-11. Of documents, nothing is sealed for who is out; a statement must be sealed, or nobody could revoke anybody (d10-keys-turned-for-nobody.test.ts).
  const mayLeak = view.key(keyId)?.kind === "directory";
  return held.find(({ openTo }) => mayLeak || openTo === 0)?.key;
}

/**
 * Makes keys fit, the directory's among them: gives what is current to those who are due it and never got it, and turns what this device
 * can't open, or who is out can.
 * @throws CoreError DEVICE_REVOKED | DIRECTORY_UNKNOWN
 */
export async function settleKeys(at: StatementContext, keyIds: readonly Uint8Array[] = []): Promise<void> {
  const self = at.self();
  const wanted = [...keyIds, requireFound(at.view()).directoryKey.keyId];
  const { ring } = at.context;
  if (!wanted.some((keyId) => isForUs({ view: at.view(), ring }, self, keyId))) return;
  await at.settling.run(async () => {
    for (let left = TRIES; left > 0; left--) {
      const held = { view: at.view(), ring };
      const unfit = unfitKeys(held, at.self(), wanted);
      if (unfit.length === 0) return;
      // What was given and did not help is turned.
      const gifts = left === TRIES ? unfit.map((key) => permitsFor(held, at.self(), key)) : unfit.map(() => null);
      await sealStatements(at, {
        statements: [],
        rotate: unfit.filter((_, nth) => gifts[nth] === null),
        give: () => groupGifts(gifts.flatMap((some) => some ?? [])),
      });
    }
  });
}

function unfitKeys(held: Held, self: Admission, keyIds: readonly Uint8Array[]): readonly DirectoryKey[] {
  const names = new Set(keyIds.filter((keyId) => isForUs(held, self, keyId)).map(hexOf));
  return held.view.keys().filter(({ keyId }) => names.has(hexOf(keyId)));
}

/**
 * The permits that make a key fit; null when permits do not, or it is not for this device to give them.
 * SECURITY: who reads from now on is given no version that others sealed under before (key-history.test.ts).
 */
function permitsFor({ view, ring }: Held, self: Admission, { keyId }: DirectoryKey): readonly DueVersion[] | null {
  if (!view.isSafe(keyId) || ring.current(keyId) === undefined) return null;
  const due: DueVersion[] = [];
  for (const { version, to } of view.keyFitness.missing(keyId)) {
    const key = heldInFull({ view, ring }, self, version);
    if (key === undefined || to.some(({ history }) => history !== "full")) return null;
    due.push({ version: key, to });
  }
  return due;
}

/** A version that this device holds with its history, by what the directory says too: others believe what it passes on of that. */
function heldInFull({ view, ring }: Held, self: Admission, version: Uint8Array): KeyVersion | undefined {
  const key = ring.confirmed().find((each) => hexOf(each.version) === hexOf(version));
  const isFull = key !== undefined && key.historyBytes !== null;
  return isFull && isMember(self) && view.keyFitness.passesOn(self, key.keyId, version) ? key : undefined;
}

/**
 * Gives what others lack, of the keys of which it is this device's turn: permits of current versions, to who was let in while a key turned, and
 * earlier ones, which who turned a key could not open: by links, or to each where links would lead others to them too.
 */
export async function giveMissing(
  at: StatementContext,
  isTurn: (keyId: Uint8Array, turn: number) => boolean,
): Promise<void> {
  await at.settling.run(async () => {
    const held = { view: at.view(), ring: at.context.ring };
    const self = at.self();
    const own = requireFound(held.view).directoryKey.keyId;
    // Nothing is turned here: that is for who has something to write.
    if (!isMember(self) || !isClosed(held, own)) return;
    const keys = held.view
      .keys()
      .filter(({ keyId }) => held.view.isEntitled(self, keyId) && !isAsTurned(held, keyId))
      .filter((key) => isClosed(held, key.keyId) && lacksSomething(held.view, key))
      .filter(({ keyId }) => {
        const turn = held.view.keyFitness.turnToGive(self, keyId);
        return turn !== null && isTurn(keyId, turn);
      });
    const missing = keys.map((key) => missingHistory(held, self, key));
    const gifts = groupGifts(missing.flatMap(({ due }) => due));
    const links = await Promise.all(missing.flatMap(({ link }) => link ?? []).map((link) => sealLinks(at, link)));
    if (gifts.length > 0 || links.length > 0)
      await sealStatements(at, { statements: links, rotate: [], give: () => gifts });
  });
}

/** The cheaper question, and mostly the answer is no. */
function lacksSomething({ keyFitness }: DirectoryView, { keyId, current }: DirectoryKey): boolean {
  const lacks = (version: Uint8Array): boolean => keyFitness.lackHistory(keyId, version).length > 0;
  return current.some(lacks) || keyFitness.unlinked(keyId).length > 0;
}

/** A version, and earlier ones that it is to lead to. */
interface Link {
  readonly from: KeyVersion;
  readonly to: readonly KeyVersion[];
}

/** What those who read all that lies under a key lack: permits, and a link from what is current to what it does not lead to. */
function missingHistory(
  held: Held,
  self: Admission,
  { keyId, current }: DirectoryKey,
): { readonly due: readonly DueVersion[]; readonly link: Link | null } {
  const { keyFitness } = held.view;
  const inFull = (versions: readonly Uint8Array[]) => versions.flatMap((each) => heldInFull(held, self, each) ?? []);
  const lost = inFull(keyFitness.unlinked(keyId)).slice(0, VERSIONS);
  const from = inFull(current).find(({ version }) => keyFitness.mayLeadBack(keyId, version));
  const link = from === undefined || lost.length === 0 ? null : { from, to: lost };
  const due = [...inFull(current), ...(link === null ? lost : [])].map((version) => ({
    version,
    to: keyFitness.lackHistory(keyId, version.version),
  }));
  return { due, link };
}

async function sealLinks(at: StatementContext, { from, to }: Link): Promise<LinkStatement> {
  const links = await Promise.all(to.map((version) => sealLink(at.context.platform.crypto, from, version)));
  return { type: "link", keyId: from.keyId, version: from.version, links };
}
