import { createClient, type Database, memory } from "@selkie/client";
import { cpuMicroseconds, figure } from "../measure.ts";
import { Prose } from "../prose.ts";
import type { Question } from "../question.ts";
import { meet, together } from "../two-devices.ts";

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
      bytes.push(await meet(here, there));
      idle.push(await meet(here, there));
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
