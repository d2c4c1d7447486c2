// Small histories: what was there before, and six entries that arrive in every order. Admissions are named by the entry that admits.
import type { Entry } from "../../../src/rules/facts.ts";
import { cutAfter, History } from "./history.ts";

/** Six entries and what must be found once all are here. */
export interface Family {
  readonly before: readonly Entry[];
  readonly events: readonly Entry[];
  /** Of the events, those that count. */
  readonly counting: readonly Entry[];
  readonly delivered?: readonly Entry[];
  readonly live: readonly string[];
  /** Current versions of the default key. */
  readonly heads?: readonly string[];
}

class Scene extends History {
  #before = 0;

  admin(by = "root", person = "p-admin"): string {
    return this.grant(by, { role: "admin", person: [person] }).id;
  }

  editor(by: string, person = "p-editor"): string {
    return this.grant(by, { person: [person] }).id;
  }

  /** All that was written so far was known to everybody. */
  start(): void {
    this.#before = this.entries.length;
  }

  family(rest: Omit<Family, "before" | "events">): Family {
    return { before: this.entries.slice(0, this.#before), events: this.entries.slice(this.#before), ...rest };
  }
}

/** An editor is revoked, goes on, is let in again by another admin, and goes on with both. */
export function revokedAndAddedAgain(): Family {
  const scene = new Scene();
  const [alice, bob] = [scene.admin(), scene.admin("root", "p-bob")];
  const eve = scene.editor(alice);
  const before = scene.write(eve);
  scene.start();
  const after = scene.write(eve, { dependencies: [before.id] });
  const revocation = scene.revoke(alice, { targets: [eve], keys: ["p-editor"], cuts: cutAfter(before) });
  const again = scene.grant(bob, { person: ["p-editor"], after: [revocation.id] });
  scene.addDevice(eve);
  const fresh = scene.write(again.id, { dependencies: [before.id] });
  const dependent = scene.write(bob, { dependencies: [after.id] });
  return scene.family({
    counting: [revocation, again, fresh, dependent],
    delivered: [before, fresh],
    live: ["root", alice, bob, again.id],
  });
}

/** Admins of equal standing cannot end each other; their revocations count for nothing, on either side. */
export function mutualRevocation(): Family {
  const scene = new Scene();
  const [alice, bob] = [scene.admin(), scene.admin("root", "p-bob")];
  scene.start();
  const a0 = scene.revoke(alice, { targets: [bob], keys: ["p-bob"] });
  const b0 = scene.revoke(bob, { targets: [alice], keys: ["p-admin"] });
  const a1 = scene.grant(alice, { person: ["p-carol"] });
  const b1 = scene.grant(bob, { person: ["p-dan"] });
  const a2 = scene.write(alice);
  const b2 = scene.write(bob);
  return scene.family({
    counting: [a0, b0, a1, b1, a2, b2],
    delivered: [a2, b2],
    live: ["root", alice, bob, a1.id, b1.id],
  });
}

/** An admin against the one who let it in. */
export function seniorAndJunior(): Family {
  const scene = new Scene();
  const alice = scene.admin();
  const bob = scene.admin(alice, "p-bob");
  const kept = scene.grant(bob, { person: ["p-carol"] });
  scene.start();
  scene.revoke(bob, { targets: [alice] });
  const down = scene.revoke(alice, { targets: [bob], keys: ["p-bob"], cuts: cutAfter(kept) });
  const again = scene.grant(bob, { role: "admin", person: ["p-bob"] });
  scene.grant(again.id, { role: "admin", person: ["p-bob"] });
  scene.readmit(bob, [down.id], again);
  const work = scene.write(kept.id);
  return scene.family({
    counting: [down, work],
    delivered: [work],
    live: ["root", alice, kept.id],
  });
}

/** A revocation of keys ends grants it never saw; only a grant that names it counts. */
export function revokedKeys(): Family {
  const scene = new Scene();
  const [alice, bob] = [scene.admin(), scene.admin("root", "p-bob")];
  const eve = scene.editor(alice);
  scene.start();
  const replay = scene.grant(bob, { person: ["p-editor"], role: "admin" });
  const revocation = scene.revoke(alice, { targets: [eve], keys: ["p-editor"] });
  const used = scene.grant(replay.id, { person: ["p-friend"] });
  const overruled = scene.grant(bob, { person: ["p-editor"], after: [revocation.id] });
  const other = scene.grant(bob, { person: ["p-other"] });
  const work = scene.write(overruled.id);
  return scene.family({
    // Bob's grant of an admin is not Alice's to end: she stands on no path to it.
    counting: [replay, revocation, used, overruled, other, work],
    delivered: [work],
    live: ["root", alice, bob, replay.id, used.id, overruled.id, other.id],
  });
}

/** The same for somebody whom the revoking admin may end. */
export function replayedGrant(): Family {
  const scene = new Scene();
  const [alice, bob] = [scene.admin(), scene.admin("root", "p-bob")];
  const eve = scene.editor(alice);
  scene.start();
  const replay = scene.grant(bob, { person: ["p-editor"] });
  const revocation = scene.revoke(alice, { targets: [eve], keys: ["p-editor"] });
  const device = scene.addDevice(replay.id);
  scene.write(device.id);
  const other = scene.grant(bob, { person: ["p-other"] });
  const mine = scene.write(other.id);
  return scene.family({
    counting: [replay, revocation, other, mine],
    delivered: [mine],
    live: ["root", alice, bob, other.id],
  });
}

/** A line of devices is cut in the middle. */
export function devices(): Family {
  const scene = new Scene();
  const alice = scene.admin();
  const first = scene.editor(alice);
  const second = scene.addDevice(first);
  const kept = scene.write(second.id);
  scene.start();
  const third = scene.addDevice(second.id);
  scene.revoke(second.id, { targets: [first] });
  const revocation = scene.revoke(first, { targets: [second.id], cuts: cutAfter(kept) });
  scene.write(second.id);
  scene.write(third.id);
  const other = scene.addDevice(first);
  return scene.family({
    counting: [revocation, other],
    delivered: [kept],
    live: ["root", alice, first, other.id],
  });
}

/** Demotion is a revocation and a grant in one. */
export function demotion(): Family {
  const scene = new Scene();
  const alice = scene.admin();
  const eve = scene.editor(alice);
  const before = scene.write(eve);
  scene.start();
  const change = scene.change(
    alice,
    { targets: [eve], keys: ["p-editor"], cuts: cutAfter(before) },
    { role: "reader", person: ["p-editor"], device: [eve] },
    { continues: [eve] },
  );
  scene.write(eve);
  const asReader = scene.write(change.id, { dependencies: [before.id] });
  scene.write(eve, {}, { incarnation: "1" });
  const device = scene.addDevice(change.id);
  const alices = scene.write(alice, { dependencies: [before.id] });
  return scene.family({
    counting: [change, asReader, device, alices],
    delivered: [before, alices],
    live: ["root", alice, change.id, device.id],
  });
}

/** An admin lets somebody in, who is given a key, while another takes the role of admin from it. */
export function adminDemoted(): Family {
  const scene = new Scene();
  const alice = scene.admin();
  const bob = scene.admin(alice, "p-bob");
  const carol = scene.admin(bob, "p-carol");
  const change = (by: string, role: "admin" | "editor") => {
    const grant = { role, person: ["p-carol"], device: [carol] };
    return scene.change(by, { targets: [carol] }, grant, { continues: [carol] });
  };
  const rotate = (by: string, id: string, over: readonly string[], to: readonly string[]) =>
    scene.say(by, { type: "rotate", key: "default", version: id, over, links: [], to }, { id });
  scene.start();
  const kept = change(bob, "admin");
  const dan = scene.grant(kept.id, { person: ["p-dan"] });
  const given = rotate(alice, "given", ["founding"], [bob, carol, dan.id]);
  rotate(dan.id, "his", ["given"], [bob]);
  const demoted = change(alice, "editor");
  const again = rotate(bob, "again", ["founding"], [alice]);
  return scene.family({
    counting: [kept, dan, given, demoted, again],
    live: ["root", alice, bob, kept.id, demoted.id],
    heads: [again.id, given.id].sort(),
  });
}

/** Somebody's two devices go on by one change, and by another after it; the second writes with all three admissions. */
export function changedTwice(): Family {
  const scene = new Scene();
  const alice = scene.admin();
  const carol = scene.editor(alice);
  const tablet = scene.addDevice(carol);
  const change = (first: string, second: string) => {
    const revoke = { targets: [first], keys: [], cuts: cutAfter(tablet) };
    const grant = { role: "editor", person: ["p-editor"], device: [carol], after: [], keys: [] } as const;
    const others = [{ id: `e${scene.entries.length}+1`, device: [tablet.id] }];
    return scene.say(alice, { type: "change", revoke, grant, others, continues: [first, second] });
  };
  scene.start();
  const once = change(carol, tablet.id);
  const twice = change(once.id, `${once.id}+1`);
  scene.write(tablet.id);
  scene.write(`${once.id}+1`);
  const work = scene.write(`${twice.id}+1`);
  const phone = scene.addDevice(`${twice.id}+1`);
  return scene.family({
    counting: [once, twice, work, phone],
    delivered: [work],
    live: ["root", alice, twice.id, `${twice.id}+1`, phone.id],
  });
}

/** A cut made with a partial view, and made longer. */
export function readmission(): Family {
  const scene = new Scene();
  const [alice, bob] = [scene.admin(), scene.admin("root", "p-bob")];
  const eve = scene.editor(alice);
  const known = scene.write(eve);
  scene.start();
  const offline = scene.write(eve, { dependencies: [known.id] });
  const late = scene.write(eve, { dependencies: [offline.id] });
  const revocation = scene.revoke(alice, { targets: [eve], cuts: cutAfter(known) });
  const readmit = scene.readmit(bob, [revocation.id], offline);
  scene.readmit(eve, [revocation.id], late);
  const dependent = scene.write(bob, { dependencies: [offline.id] });
  return scene.family({
    counting: [offline, revocation, readmit, dependent],
    delivered: [known, offline, dependent],
    live: ["root", alice, bob],
  });
}

/** A writer shows two faces; two who may end it name what they got. */
export function fork(): Family {
  const scene = new Scene();
  const [alice, bob] = [scene.admin(), scene.admin("root", "p-bob")];
  const eve = scene.editor(alice);
  const trunk = scene.write(eve);
  scene.start();
  const left = scene.write(eve, {}, { id: "left" });
  const right = scene.write(eve, {}, { id: "a-right", after: trunk });
  const chain = `notes/${left.writer}`;
  const voteA = scene.put(alice, { vector: { [chain]: left.id } });
  const voteB = scene.put(bob, { database: "notes", vector: { [chain]: left.id } });
  const voteE = scene.put(eve, { vector: { [chain]: right.id } });
  const more = scene.write(eve, { dependencies: [left.id] }, { after: left });
  return scene.family({
    counting: [left, voteA, voteB, voteE, more],
    delivered: [trunk, left, more],
    live: ["root", alice, bob, eve],
  });
}

/** A branch made below the cut, after the revocation. */
export function backdated(): Family {
  const scene = new Scene();
  const alice = scene.admin();
  const eve = scene.editor(alice);
  const first = scene.write(eve);
  const second = scene.write(eve);
  scene.start();
  const third = scene.write(eve);
  const revocation = scene.revoke(alice, { targets: [eve], cuts: cutAfter(third) });
  const rival = scene.write(eve, {}, { after: first, id: "a-rival" });
  scene.write(eve, {}, { after: rival, id: "a-on-rival" });
  scene.write(eve, {}, { incarnation: "1" });
  scene.write(eve, {}, { database: "tasks" });
  return scene.family({
    counting: [third, revocation],
    delivered: [first, second, third],
    live: ["root", alice],
  });
}

/** Whoever ends itself is ended at once; a thief of its keys goes on for nothing. */
export function endsItself(): Family {
  const scene = new Scene();
  const alice = scene.admin();
  const bob = scene.editor(alice, "p-bob");
  const kept = scene.write(alice);
  scene.start();
  const owner = scene.revoke(alice, { targets: [alice], cuts: cutAfter(kept) });
  const stolen = { targets: [alice, bob], cuts: cutAfter(kept, owner) };
  const thief = scene.change(alice, stolen, { role: "admin", person: ["p-thief"] });
  scene.grant(thief.id, { role: "admin", person: ["p-friend"] });
  scene.revoke(alice, { ...stolen, cuts: cutAfter(kept, thief) }, { incarnation: "1" });
  scene.write(alice);
  const work = scene.write(bob);
  return scene.family({
    counting: [owner, work],
    delivered: [kept, work],
    live: ["root", bob],
  });
}

/** The root hands over; the old key is worth nothing from there on. */
export function rootReplaced(): Family {
  const scene = new Scene();
  const alice = scene.admin();
  const kept = scene.write("root");
  scene.start();
  const replaced = scene.say("root", { type: "replaceRoot", cuts: cutAfter(kept) });
  scene.grant("root", { role: "admin", person: ["p-old"] });
  scene.revoke("root", { targets: [alice] }, { incarnation: "1" });
  const byNew = scene.grant(replaced.id, { role: "admin", person: ["p-new"] });
  const upwards = scene.revoke(alice, { targets: [replaced.id, byNew.id] });
  scene.write("root");
  return scene.family({
    counting: [replaced, byNew, upwards],
    delivered: [kept],
    live: [alice, replaced.id, byNew.id],
  });
}

/** Nobody may revoke the root, so nobody names a branch of its chain. */
export function rootForked(): Family {
  const scene = new Scene();
  const alice = scene.admin();
  const trunk = scene.grant("root", { role: "admin", person: ["p-bob"] });
  scene.start();
  const replaced = scene.say("root", { type: "replaceRoot", cuts: new Map() }, { id: "replaced" });
  const rival = scene.grant("root", { role: "admin", person: ["p-thief"] }, { after: trunk, id: "a-rival" });
  const vote = scene.put(alice, { vector: { [`directory/${trunk.writer}`]: replaced.id } });
  scene.grant(replaced.id);
  scene.grant(rival.id);
  const work = scene.write(alice);
  return scene.family({
    counting: [vote, work],
    delivered: [work],
    live: ["root", alice, trunk.id],
  });
}

/** One writer key certified for two devices. */
export function rivalCertificates(): Family {
  const scene = new Scene();
  const alice = scene.admin();
  const eve = scene.editor(alice);
  const second = scene.addDevice(eve);
  const mine = scene.write(eve, {}, { id: "mine" });
  scene.start();
  const next = scene.write(eve);
  const rival = scene.write(second.id, {}, { writer: mine.writer, after: null, id: "a-rival" });
  scene.write(second.id, {}, { writer: mine.writer, after: rival, id: "a-on-rival" });
  const revocation = scene.revoke(alice, { targets: [eve], cuts: cutAfter(next, second) });
  scene.write("nobody", {}, { writer: mine.writer, after: null, id: "a-nobody" });
  const work = scene.write(alice, { dependencies: [next.id] });
  return scene.family({
    counting: [next, revocation, work],
    delivered: [mine, next, work],
    live: ["root", alice],
  });
}

/** Two rotate at once, one of them beyond its cut. */
export function rotations(): Family {
  const scene = new Scene();
  const alice = scene.admin();
  const bob = scene.admin(alice, "p-bob");
  const everybody = [alice, bob];
  const rotate = (by: string, over: readonly string[], to: readonly string[]) => {
    const version = `v${scene.entries.length}`;
    return scene.say(by, { type: "rotate", key: "default", version, over, links: over, to }, { id: version });
  };
  const v0 = rotate("root", ["founding"], everybody);
  scene.start();
  const a1 = rotate(alice, [v0.id], everybody);
  const b1 = rotate(bob, [v0.id], everybody);
  const merged = rotate(alice, [a1.id, b1.id], [alice]);
  const revocation = scene.revoke(alice, { targets: [bob], cuts: cutAfter(b1) });
  rotate(bob, [merged.id], [bob]);
  const work = scene.write(alice);
  return scene.family({
    counting: [a1, b1, merged, revocation, work],
    delivered: [work],
    live: ["root", alice],
    heads: [merged.id],
  });
}
