// Every order and every batch of small histories: the model, the twin and core find one result, and it is the one that was meant.
import { describe, expect, test } from "vitest";
import { accept } from "../../src/rules/accept.ts";
import { deliveredChanges } from "../../src/rules/changes.ts";
import type { Entry } from "../../src/rules/facts.ts";
import { judgeKeys } from "../../src/rules/keys.ts";
import { model, toModel } from "./support/as-model.ts";
import { asModelHas, coreFindings, isInModel, modelFindings, twinFindings } from "./support/compare.ts";
import * as families from "./support/families.ts";
import { permutations, subsets } from "./support/orders.ts";

const idsOf = (entries: Iterable<{ readonly id: string }>): readonly string[] =>
  [...entries].map(({ id }) => id).sort();

/** All is judged as it was meant, in each of 720 orders; and whatever batch arrives first, twin and core agree about it. */
function expectInEveryOrder(family: families.Family): void {
  const all = [...family.before, ...family.events];
  expect(family.events).toHaveLength(6);
  const found = coreFindings(all);
  const twin = accept(all);
  expect(found.entries).toEqual(idsOf([...family.before, ...family.counting]));
  expect([...deliveredChanges(twin)].sort()).toEqual(idsOf(family.delivered ?? []));
  expect(found.live).toEqual([...family.live].sort());
  if (family.heads !== undefined) expect(judgeKeys(twin).heads.get("default")).toEqual(family.heads);

  const [content, counting] = [JSON.stringify(found), found.entries.join()];
  const outOfLine = [...permutations(family.events)].filter((order) => {
    const entries = [...order, ...family.before];
    return JSON.stringify(coreFindings(entries)) !== content || [...accept(entries).entries].sort().join() !== counting;
  });
  expect(outOfLine.map(idsOf)).toEqual([]);

  for (const arrived of subsets(family.events)) {
    const entries = [...family.before, ...arrived];
    expect(coreFindings(entries)).toEqual(twinFindings(entries));
    expect(coreFindings(entries.toReversed())).toEqual(coreFindings(entries));
  }
}

describe("six entries in every order", () => {
  test("D9 K-4 what a revoked editor wrote before stays, what it writes after never counts, and it comes back only by a grant", () =>
    expectInEveryOrder(families.revokedAndAddedAgain()));
  test("D10 two admins who revoke each other both stay, with all they said", () =>
    expectInEveryOrder(families.mutualRevocation()));
  test("D10 a junior admin ends no senior, and lets itself in again by no grant and no readmit of its own", () =>
    expectInEveryOrder(families.seniorAndJunior()));
  test("K-1 a grant of revoked keys at another place counts only if it names the revocation", () =>
    expectInEveryOrder(families.revokedKeys()));
  test("K-1 an old grant of revoked keys made again lets nobody in, whoever made it and however it arrives", () =>
    expectInEveryOrder(families.replayedGrant()));
  test("D10 a device ends those it added and what they added afterwards, and never the device that added it", () =>
    expectInEveryOrder(families.devices()));
  test("D11 an editor made a reader keeps what it wrote, and nothing it writes since is delivered", () =>
    expectInEveryOrder(families.demotion()));
  test("D10 devices that go on by two changes write with what the last left them, and with nothing that they had before", () =>
    expectInEveryOrder(families.changedTwice()));
  test("K-3 an admin gives back entries of a revoked writer, and no rights; the writer gives itself nothing", () =>
    expectInEveryOrder(families.readmission()));
  test("D9 of two branches the one counts that those name who may revoke the writer, not the one the writer prefers", () =>
    expectInEveryOrder(families.fork()));
  test("D9 what a revoked member made in store and releases later counts nowhere: beyond the cut, below it on a branch, in chains not listed", () =>
    expectInEveryOrder(families.backdated()));
  test("D10 who holds a key that ended itself gains nothing by ending it again, and takes nothing from others", () =>
    expectInEveryOrder(families.endsItself()));
  test("D10 a root that was replaced has no power left, the next has its powers, and no admin ends it", () =>
    expectInEveryOrder(families.rootReplaced()));
  test("D10 a fork of the root's chain ends it there, also when one branch replaces the root", () =>
    expectInEveryOrder(families.rootForked()));
  test("D9 K-4 a second first entry of a revoked writer, under another certificate, neither counts nor takes its history away", () =>
    expectInEveryOrder(families.rivalCertificates()));
  test("D10 a version that a revoked admin makes beyond its cut is not current, and what it superseded is again", () =>
    expectInEveryOrder(families.rotations()));
});

const inModel = {
  "revoked and added again": families.revokedAndAddedAgain,
  "mutual revocation": families.mutualRevocation,
  "senior and junior": families.seniorAndJunior,
  "revoked keys": families.revokedKeys,
  "replayed grant": families.replayedGrant,
  devices: families.devices,
  demotion: families.demotion,
  readmission: families.readmission,
  fork: families.fork,
  backdated: families.backdated,
  rotations: families.rotations,
} as const;

describe("the model", () => {
  for (const [name, build] of Object.entries(inModel)) {
    test.skipIf(model === null)(`finds the same in every order and after every batch: ${name}`, () => {
      if (model === null) return;
      const family = build();
      for (const arrived of subsets(family.events)) {
        const entries: readonly Entry[] = [...family.before, ...arrived];
        const accepted = accept(entries);
        expect(isInModel(accepted)).toBe(true);
        expect(modelFindings(model, accepted)).toEqual(asModelHas(accepted));
      }
      const asked = model;
      const counting = idsOf([...family.before, ...family.counting]).join();
      const outOfLine = [...permutations(family.events)].filter(
        (order) => idsOf(asked.accept([...family.before, ...order].map(toModel)).accepted).join() !== counting,
      );
      expect(outOfLine.map(idsOf)).toEqual([]);
    });
  }
});
