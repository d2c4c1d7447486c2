import { nativeCrypto } from "@selkie/crypto/native";
import { parseCiphertext, parseSignature, type StatementId, toHex } from "@selkie/entry";
import { encodeAccessList } from "@selkie/sync-protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { draftAccessList } from "../../src/directory/access.ts";
import type { DirectoryView } from "../../src/directory/directory-view.ts";
import type { Role, Statement } from "../../src/directory/statement.ts";
import { keyIdOf } from "../../src/keys/key-version.ts";
import { directoryDatabase, pattern, testTenant } from "../fixture.ts";
import { digestOf, grantTo, noStatement, type Voice, World } from "./world.ts";

type Script = readonly (readonly [who: number, what: number, detail: number])[];

const script = (minLength: number, maxLength: number): fc.Arbitrary<Script> =>
  fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat()), { minLength, maxLength });

const roles: readonly Role[] = ["admin", "editor", "reader"];
const pick = <Item>(items: readonly Item[], at: number): Item => items[at % items.length] ?? expect.fail("nothing");

/** Voices, honest ones and others, who let people in and out, make keys, turn them, and give them. */
class Story {
  readonly world: World = new World();
  readonly voices: Voice[] = [this.world.root];
  readonly grants: StatementId[] = [noStatement];
  readonly versions: { readonly keyId: Uint8Array; readonly version: Uint8Array; readonly by: StatementId }[] = [];

  static async of(steps: Script): Promise<Story> {
    const story = new Story();
    await story.tell(steps);
    return story;
  }

  async tell(steps: Script): Promise<void> {
    for (const [who, what, detail] of steps) {
      const by = pick(this.voices, who);
      if (what % 5 === 0) await this.#grant(by, detail);
      else if (what % 5 === 1) this.#make(by, detail);
      else if (what % 5 === 2) this.#turn(by, detail);
      else if (what % 5 === 3 && detail % 3 === 0) this.#revoke(by, detail);
      else this.give([[who, what, detail]]);
    }
  }

  /** Says what gives or withdraws nobody's rights. */
  give(steps: Script): void {
    for (const [who, what, detail] of steps) this.world.say(pick(this.voices, who), this.#gift(what, detail));
  }

  async #grant(by: Voice, detail: number): Promise<void> {
    const name = `user ${this.grants.length}`;
    const { id } = this.world.say(by, await grantTo(name, pick(roles, detail)));
    this.grants.push(id);
    this.voices.push(await this.world.voice(name, id, detail % 7 === 0 ? "thief" : name));
  }

  #make(by: Voice, detail: number): void {
    const nonce = pattern(`nonce ${this.versions.length}`, 16);
    const commitment = pattern(`version ${this.versions.length}`, 32);
    const history = detail % 2 === 0 ? "full" : "from-now";
    const statement: Statement = { type: "createKey", nonce, name: `key ${this.versions.length}`, commitment, history };
    const { id } = this.world.say(by, statement);
    const keyId = keyIdOf(nativeCrypto, by.writer, nonce);
    this.versions.push({ keyId, version: commitment, by: id });
    const to = this.grants.filter((_, at) => at > 0 && (detail + at) % 3 > 0);
    this.world.say(by, { type: "share", keyId, to, history: "full" });
  }

  #turn(by: Voice, detail: number): void {
    if (this.versions.length === 0) return;
    const { keyId, version, by: before } = pick(this.versions, detail);
    const commitment = pattern(`version ${this.versions.length}`, 32);
    const links = detail % 2 === 0 ? [{ version, sealed: parseCiphertext(pattern("link", 80)) }] : [];
    const { id } = this.world.say(by, { type: "rotate", keyId, over: [before], commitment, links });
    this.versions.push({ keyId, version: commitment, by: id });
  }

  #revoke(by: Voice, detail: number): void {
    const { writer, seq } = pick(this.voices, detail);
    const last = this.world.placed.findLast((placed) => placed.writer === writer && placed.seq < seq - (detail % 2));
    const cuts =
      last === undefined ? [] : [{ writer, seq: last.seq, id: last.entry, signature: parseSignature(pattern("", 64)) }];
    this.world.say(by, {
      type: "revoke",
      targets: [pick(this.grants, detail)],
      identityKeys: [],
      cuts: [{ database: directoryDatabase, cuts }],
      wipe: 0,
    });
  }

  #gift(what: number, detail: number): Statement {
    if (what % 4 === 0 || this.versions.length === 0) return accessListOf(detail % 7);
    const { keyId, version } = pick(this.versions, detail);
    const other = pick(this.versions, detail >> 4).version;
    if (what % 4 === 1)
      return {
        type: "link",
        keyId,
        version,
        links: [{ version: other, sealed: parseCiphertext(pattern("link", 80)) }],
      };
    const to = this.grants
      .filter((_, at) => (detail >> (at % 8)) % 2 === 0)
      .map((id) => ({ type: "statement", id }) as const);
    const device = { type: "device", of: { type: "statement", id: pick(this.grants, detail) } } as const;
    return {
      type: "permit",
      history: detail % 3 === 0 ? "from-now" : "full",
      versions: [{ keyId, version }],
      to: [...to, device],
    };
  }
}

/** Everything that a view says, of who opens which keys too. */
function wholeDigestOf(view: DirectoryView): string {
  const members = view.allDevices();
  const keys = view.keys().map(({ keyId, versions, current }) => ({
    safe: view.isSafe(keyId),
    recipients: view.recipients(keyId).map(({ kem, history }) => [toHex(kem), history]),
    missing: view.keyFitness
      .missing(keyId)
      .map(({ version, to }) => [toHex(version), ...to.map(({ kem }) => toHex(kem))]),
    unlinked: view.keyFitness.unlinked(keyId).map(toHex),
    ledTo: [...view.keyFitness.ledTo(keyId, current)].sort(),
    lack: versions.map((version) => view.keyFitness.lackHistory(keyId, version).map(({ kem }) => toHex(kem))),
    back: versions.map((version) => view.keyFitness.mayLeadBack(keyId, version)),
    turns: members.map((member) => view.keyFitness.turnToGive(member, keyId)),
    passedOn: members.map((member) => versions.map((version) => view.keyFitness.passesOn(member, keyId, version))),
  }));
  return JSON.stringify([digestOf(view), keys, view.slots().length, view.voidAccessLists.map(toHex)]);
}

test("a view that goes on with permits, links and access lists is the view of all statements together", async () => {
  let wentOn = 0;
  await fc.assert(
    fc.asyncProperty(script(1, 24), script(1, 6), fc.boolean(), async (before, more, isAsked) => {
      const story = await Story.of(before);
      const known = story.world.placed.length;
      story.give(more);
      const view = story.world.view(story.world.placed.slice(0, known));
      if (isAsked) wholeDigestOf(view); // what was found before stays, and only that
      const on = view.goOn(story.world.placed.slice(known));
      if (on === null) return;
      wentOn += 1;
      expect(wholeDigestOf(on)).toBe(wholeDigestOf(story.world.view()));
    }),
    { numRuns: 300 },
  );
  expect(wentOn).toBeGreaterThan(50);
});

const permit: Statement = { type: "permit", history: "full", versions: [], to: [{ type: "part", index: 1 }] };

test("a key that was turned and given to all who are due it is fit, lacks nothing, and has its list of them as long as nobody's rights change", async () => {
  let turned = 0;
  await fc.assert(
    fc.asyncProperty(script(1, 24), script(1, 6), fc.nat(), async (before, more, which) => {
      const story = await Story.of(before);
      const { world } = story;
      const { root } = world;
      const keys = world.view().keys();
      const { keyId, open } = pick(keys, which);
      const commitment = pattern("the next", 32);
      const rotate: Statement = { type: "rotate", keyId, over: open, commitment, links: [] };
      world.say(root, rotate);
      const view = world.view();
      const due = view.recipients(keyId);
      const versions = [{ keyId, version: commitment }];
      const permits = (["full", "from-now"] as const).map((history) => {
        const to = due.filter((one) => one.history === history).map(({ recipient }) => recipient);
        return world.say(root, { type: "permit", history, versions, to });
      });
      const on = view.goOn(permits) ?? expect.fail("the root is in");
      expect(on.key(keyId)?.current).toEqual([commitment]);
      expect([on.isSafe(keyId), on.keyFitness.missing(keyId)]).toEqual([true, []]);
      if (due.every(({ history }) => history === "full"))
        expect(on.keyFitness.lackHistory(keyId, commitment)).toEqual([]);
      turned += due.length;
      // SECURITY: this list is how a device knows the key again (turned-keys.ts).
      expect(on.recipients(keyId)).toBe(due);
      await story.tell(more);
      expect(world.view().recipients(keyId)).not.toBe(due);
    }),
    { numRuns: 200 },
  );
  expect(turned).toBeGreaterThan(100);
});

test("it goes on with nothing that may change anybody's rights, nor of authors who are not in, or whose chains end", async () => {
  const world = new World();
  const { id } = world.say(world.root, await grantTo("alice", "admin"));
  const alice = await world.voice("alice", id);
  const bob = await world.grant(alice, "bob", "editor");
  const view = world.view();
  expect(view.goOn([world.say(alice, permit)])).not.toBeNull();
  expect(view.goOn([world.say(alice, await grantTo("carol", "editor"))])).toBeNull();
  expect(view.goOn([world.say(await world.voice("ghost", noStatement), permit)])).toBeNull();
  expect(view.goOn([world.say(bob, accessListOf(1))])).toBeNull();
  expect(view.goOn([world.say(alice, accessListOf(1))])).not.toBeNull();
  world.say(world.root, { type: "revoke", targets: [id], identityKeys: [], cuts: [], wipe: 0 });
  expect(world.view().goOn([world.say(alice, permit)])).toBeNull();
});

function accessListOf(height: number): Statement {
  const list = draftAccessList(testTenant, [], { epoch: 0, height, signer: pattern("signer", 32) });
  return { type: "accessList", list: encodeAccessList({ ...list, signature: parseSignature(new Uint8Array(64)) }) };
}
