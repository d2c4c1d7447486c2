// Size and shape: the rules themselves are held against the model and their readable twin in packages/sim/test/rules.
import { describe, expect, test } from "vitest";
import { type Accepted, accept } from "../../src/membership/accept.ts";
import type { ChainFacts } from "../../src/membership/facts.ts";
import { Directory } from "./directory-of.ts";

/** What this thread computed, in microseconds: what others have the machine do meanwhile is not in it. */
function cpuTimeOf(run: () => void): number {
  const before = process.threadCpuUsage();
  run();
  const { user, system } = process.threadCpuUsage(before);
  return user + system;
}

/** Users with two devices each, and revocations by admins. */
function tenantOf(users: number, revoked: number): Directory {
  const directory = new Directory();
  const admins = [0, 1, 2].map((admin) => directory.grant("root", { role: "admin", person: [`admin ${admin}`] }));
  const grants = Array.from({ length: users }, (_, user) => {
    const id = directory.grant(admins[user % 3] ?? "root", { person: [`person ${user}`] });
    const device = directory.say(id, { type: "addDevice", device: [`device ${user}`] }).id;
    directory.write(id);
    directory.write(device);
    return { id, device, person: `person ${user}` };
  });
  for (const [index, { id, person }] of grants.slice(0, revoked).entries()) {
    directory.revoke(admins[index % 3] ?? "root", { targets: [id], keys: [person] });
  }
  return directory;
}

const liveIn = (accepted: Accepted): number => accepted.admissions.filter(({ id }) => accepted.isLive(id)).length;

describe("accept", () => {
  test("takes time that grows with users, not with their pairs: for 5,000 of them no 8 times that of 25 tenants of 200", () => {
    const [small, large] = [tenantOf(200, 20).facts, tenantOf(5_000, 500).facts];
    expect(liveIn(accept(small.chains, small))).toBe(1 + 3 + 180 * 2);
    expect(liveIn(accept(large.chains, large))).toBe(1 + 3 + 4_500 * 2);
    const apart = cpuTimeOf(() => {
      for (let tenant = 0; tenant < 25; tenant += 1) accept(small.chains, small);
    });
    expect(cpuTimeOf(() => accept(large.chains, large))).toBeLessThan(8 * apart);
  });

  test("judges a data chain of a million entries by its ends", () => {
    const directory = new Directory();
    const alice = directory.grant("root", { role: "admin" });
    const eve = directory.grant(alice);
    const cuts = new Map([["notes/eve", { seq: 600_000, id: "cut" }]]);
    const revocation = directory.revoke(alice, { targets: [eve], cuts });
    const { facts } = directory;
    const notes: ChainFacts = {
      name: "notes/eve",
      branches: [{ parent: null, admission: eve, first: { seq: 0, id: "first" }, last: { seq: 999_999, id: "last" } }],
    };
    const at = (seq: number) => ({ chain: "notes/eve", branch: 0, seq });
    const place = (id: string) => (id === "cut" ? at(600_000) : facts.place(id));
    const accepted = accept([...facts.chains, notes], { ...facts, place });
    expect(accepted.chains.get("notes/eve")?.end).toEqual(at(600_000));
    expect(accepted.reason(at(600_000))).toBeNull();
    expect(accepted.reason(at(600_001))).toEqual({ type: "cut", by: [revocation] });
  });

  test("judges lines of 20,000 devices and chains of 5,000 forks, by people who may decide, without growing a stack", () => {
    const directory = new Directory();
    const alice = directory.grant("root", { role: "admin" });
    let device = directory.grant(alice);
    for (let added = 0; added < 20_000; added += 1)
      device = directory.say(device, { type: "addDevice", device: [] }).id;
    const eve = directory.grant(alice);
    let trunk = directory.write(eve);
    for (let fork = 0; fork < 5_000; fork += 1) {
      const left = directory.write(eve, trunk);
      directory.write(eve, trunk);
      trunk = left;
    }
    const name = `notes/${eve}`;
    const accepted = directory.accept([{ by: directory.write(alice), chain: name, head: trunk.id }]);
    expect(accepted.isLive(device)).toBe(true);
    expect(accepted.chains.get(name)?.end?.seq).toBe(5_000);
  });
});

describe("readmits", () => {
  test("K-3 only an admin who may revoke the target, and stands not below who did, makes a cut longer", () => {
    const directory = new Directory();
    const [alice, other] = [directory.grant("root", { role: "admin" }), directory.grant("root", { role: "admin" })];
    const carol = directory.grant(alice, { role: "admin" });
    const dan = directory.grant(alice, { role: "admin" });
    const eve = directory.grant(carol);
    const phone = directory.say(eve, { type: "addDevice", device: [] }).id;
    const [byCarol, byDan, byPhone] = [directory.write(carol), directory.write(dan), directory.write(phone)];
    const cut = ({ chain, seq, id }: typeof byCarol) => new Map([[chain, { seq, id }]]);
    const after = new Map([[`directory/${eve}`, { seq: 0, id: phone }]]);
    const revocations = [
      directory.revoke("root", { targets: [carol], cuts: new Map([[`directory/${carol}`, { seq: 0, id: eve }]]) }),
      directory.revoke(alice, { targets: [dan] }),
      directory.revoke(eve, { targets: [phone], cuts: after }),
    ];
    const counts = (entry: typeof byCarol): boolean => {
      const { reason, place } = directory.accept();
      return reason(place(entry.id)) === null;
    };
    const readmit = (by: string, entry: typeof byCarol) =>
      directory.say(by, { type: "readmit", lifts: revocations, cuts: cut(entry) });
    // An admin of another line; one below the root, which revoked; and an editor, though the device is its own.
    readmit(other, byDan);
    readmit(alice, byCarol);
    readmit(eve, byPhone);
    expect([byCarol, byDan, byPhone].map(counts)).toEqual([false, false, false]);
    readmit("root", byCarol);
    readmit(alice, byDan);
    readmit(other, byPhone);
    expect([byCarol, byDan, byPhone].map(counts)).toEqual([true, true, true]);
    expect([directory.accept().isLive(carol), directory.accept().isLive(phone)]).toEqual([false, false]);
  });
});

describe("who ends itself", () => {
  test("K-4 cuts its own history, until an admin revokes it with a cut before that statement", () => {
    const directory = new Directory();
    const alice = directory.grant("root", { role: "admin" });
    const eve = directory.grant(alice);
    const [written, device] = [directory.write(eve), directory.say(eve, { type: "addDevice", device: [] })];
    const thief = directory.revoke(eve, { targets: [eve] });
    const reason = () => {
      const judged = directory.accept();
      return judged.reason(judged.place(written.id));
    };
    expect(reason()).toEqual({ type: "endedItself", by: [thief] });
    const cuts = new Map([written, device].map(({ chain, seq, id }) => [chain, { seq, id }]));
    const revocation = directory.revoke(alice, { targets: [eve], cuts });
    expect(reason()).toBeNull();
    expect(directory.accept().ended.get(eve)).toEqual([revocation]);
  });
});

describe("reasons", () => {
  test("name the statements that cut, the void admission, the fork, the end by oneself, and what is not here", () => {
    const directory = new Directory();
    const alice = directory.grant("root", { role: "admin" });
    const eve = directory.grant(alice);
    const own = directory.grant(alice);
    const forker = directory.grant(alice);
    const [mine, forked] = [directory.write(own), directory.write(forker)];
    const [left, right] = [directory.write(forker, forked), directory.write(forker, forked)];
    const beyond = directory.say(eve, { type: "addDevice", device: [] });
    const late = directory.write(beyond.id);
    const nobody = directory.write("nobody");
    const byAlice = directory.revoke(alice, { targets: [eve] });
    const byRoot = directory.revoke("root", { targets: [eve] });
    const byItself = directory.revoke(own, { targets: [own] });
    const { reason, place, ended } = directory.accept();
    expect(reason(place(beyond.id))).toEqual({ type: "cut", by: [byAlice, byRoot] });
    expect(reason(place(late.id))).toEqual({ type: "admissionVoid", admission: beyond.id });
    expect(reason(place(mine.id))).toEqual({ type: "endedItself", by: [byItself] });
    expect(reason(place(left.id))).toEqual({ type: "fork" });
    expect(reason(place(right.id))).toEqual({ type: "fork" });
    expect(reason(place(forked.id))).toBeNull();
    expect(reason(place(nobody.id))).toEqual({ type: "noAdmission" });
    expect(reason({ chain: "notes/elsewhere", branch: 0, seq: 0 })).toEqual({ type: "gap" });
    expect(ended.get(eve)).toEqual([byAlice, byRoot]);
    expect(ended.get(beyond.id)).toEqual([byAlice, byRoot]);
    expect(ended.get(own)).toEqual([byItself]);
  });
});
