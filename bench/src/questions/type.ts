import { type Client, createClient, type Database, memory, type Tenant } from "@selkie/client";
import { pipe } from "@selkie/sync-protocol";
import { counting, noTraffic, type Traffic } from "../counting-transport.ts";
import { cpuMicroseconds, figure } from "../measure.ts";
import { Prose } from "../prose.ts";
import type { Question } from "../question.ts";

const KEYSTROKES = 1_000;
const ROUNDS = 5;
const BYTES = 2_560;

interface Page {
  text: string;
}

/** Prose typed offline, a change each keystroke, then synced to a second device. */
export const type: Question = {
  name: "type",
  asks: "1,000 keystrokes of prose, a change each, made offline and then synced to another device",
  run: async (progress) => {
    const password = "a password for the benchmark";
    await using alice = await createClient({ store: memory(), password });
    await using bob = await createClient({ store: memory(), password });
    const [here, there] = await together(alice, bob);
    const [pages, his] = [await here.openDB<Page>("pages"), await there.openDB<Page>("pages")];
    const bytes: number[] = [];
    const idle: number[] = [];
    const typing: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      progress(`round ${round + 1} of ${ROUNDS}`);
      const page = await pages.createDocument({ text: "" });
      await meet(here, there);
      typing.push((await cpuMicroseconds(() => typeInto(pages, page.id, round))) / KEYSTROKES);
      bytes.push(sum(await meet(here, there)));
      idle.push(sum(await meet(here, there)));
      const copy = await his.getDocument(page.id);
      if (copy.getData().text !== page.getData().text) throw new RangeError("the text did not arrive");
    }
    return {
      figures: {
        "bytes both ways, of a connection that brings 1,000 keystrokes": figure("bytes", bytes),
        "bytes both ways, of a connection that brings nothing": figure("bytes", idle),
        "CPU of a keystroke, durable in memory": figure("us", typing),
      },
      ratios: {
        "bytes of 2,560": figure(
          "ratio",
          bytes.map((count) => count / BYTES),
        ),
      },
    };
  },
};

async function typeInto(
  pages: Database<Page>,
  id: Awaited<ReturnType<typeof pages.createDocument>>["id"],
  seed: number,
) {
  const page = await pages.getDocument(id);
  const prose = new Prose(seed);
  for (let n = 0; n < KEYSTROKES; n++) {
    const { at, deleted, typed } = prose.next();
    await pages.changeDoc(page, (draft) => draft.text(["text"]).splice(at, deleted, typed));
  }
}

async function together(alice: Client, bob: Client): Promise<readonly [Tenant, Tenant]> {
  const here = await alice.createTenant("bench", { user: "CN=alice" });
  const request = await bob.createJoinRequest("CN=bob");
  const there = await bob.joinTenant(await here.directory.approveJoinRequest(request, { role: "editor" }));
  await meet(here, there);
  return [here, there];
}

/** Connects two devices until nothing is left to say. */
async function meet(a: Tenant, b: Tenant): Promise<Traffic> {
  const traffic = noTraffic();
  const [near, far] = pipe();
  const [one, other] = await Promise.all([
    a.connect(counting(near, traffic), { peer: "dialler" }),
    b.connect(far, { peer: "listener" }),
  ]);
  await Promise.all([one.synced(), other.synced()]);
  await one[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
  return traffic;
}

const sum = ({ sentBytes, receivedBytes }: Traffic): number => sentBytes + receivedBytes;
