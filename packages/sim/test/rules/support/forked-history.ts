// Histories of a chain that forks, and of those who say which branch they received.
import { chainOf, directory, type Entry } from "../../../src/rules/facts.ts";
import type { SeededRandom } from "../../../src/seeded-random.ts";
import { cutAfter, History } from "./history.ts";

/** Somebody writes a chain, forks it in one place or two, and admins, their devices and others speak, contradict themselves, and revoke. */
export function forkedHistory(random: SeededRandom): readonly Entry[] {
  const history = new History();
  const [alice, bob] = [history.grant("root", { role: "admin" }).id, history.grant("root", { role: "admin" }).id];
  const junior = history.grant(alice, { role: "admin" }).id;
  const eve = history.grant(bob, { role: random.pick(["admin", "editor", "editor"] as const) ?? "editor" }).id;
  const devices = [alice, bob, junior].map((admin) => history.addDevice(admin).id);
  const phone = history.addDevice(eve).id;
  const database = random.pick([directory, "notes"]) ?? directory;
  const author = random.pick([eve, phone, junior]) ?? eve;
  const write = (after?: Entry | null): Entry => {
    const put = { database, incarnation: "f", ...(after === undefined ? {} : { after }) };
    // A device knows an entry of the directory by the statement in it.
    if (database !== directory) return history.put(author, put);
    return random.chance(0.5)
      ? history.grant(author, {}, put)
      : history.say(author, { type: "permit", versions: [], to: [] }, put);
  };
  const branch = (after?: Entry | null): Entry[] =>
    Array.from({ length: random.between(1, 3) }, (_, nth) => (nth === 0 ? write(after) : write()));
  const chain = branch();
  const places = random.chance(0.8) ? 1 : 2;
  for (let place = 0; place < places; place += 1) {
    const at = random.chance(0.1) ? null : (random.pick(chain) ?? null);
    for (let rivals = random.between(1, 2); rivals > 0; rivals -= 1) chain.push(...branch(at));
    if (at !== null) chain.push(...branch(at));
  }
  const speakers = ["root", alice, bob, junior, eve, phone, ...devices];
  for (let voices = random.between(1, 8); voices > 0; voices -= 1) {
    const [by, head] = [random.pick(speakers), random.pick(chain)];
    if (by === undefined || head === undefined) continue;
    const incarnation = random.chance(0.2) ? "1" : "0";
    history.put(by, {
      database: random.chance(0.9) ? directory : "notes",
      incarnation,
      vector: { [chainOf(head)]: head.id },
    });
    if (random.chance(0.9)) continue;
    const [target, cut] = [random.pick([eve, junior, ...devices]) ?? eve, random.pick(chain) ?? head];
    history.revoke(random.pick(speakers) ?? "root", { targets: [target], cuts: cutAfter(cut) });
  }
  return history.entries;
}
