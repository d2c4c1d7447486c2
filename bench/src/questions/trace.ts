import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Automerge from "@automerge/automerge";
import { cpuMicroseconds, figure } from "../measure.ts";
import { Prose } from "../prose.ts";
import type { Answer, Question } from "../question.ts";
import { type Arrived, BareTypist, selkieTypist } from "../typists.ts";

const KEYSTROKES = 100_000;
/** Both sides type so many by turns. */
const TURN = 10_000;

/** A long text as somebody writes it, with corrections and jumps; then synced to a device with a disk. */
export const trace: Question = {
  name: "trace",
  asks: "100,000 keystrokes of prose with corrections and jumps, a change each, durable in memory / bare Automerge changes and their bytes (CPU); and their bytes / those of Automerge.save",
  run: async (progress) => {
    await using directory = await mkdtempDisposable(join(tmpdir(), "trace-bench-"));
    await using ours = await selkieTypist(directory.path);
    const bare = new BareTypist();
    const prose = new Prose(0);
    const cpu = { ours: [] as number[], bare: [] as number[] };
    for (let typed = 0; typed < KEYSTROKES; typed += TURN) {
      progress(`${typed} of ${KEYSTROKES} keystrokes`);
      const keys = Array.from({ length: TURN }, () => prose.next());
      cpu.bare.push((await cpuMicroseconds(() => bare.type(keys))) / TURN);
      cpu.ours.push((await cpuMicroseconds(() => ours.type(keys))) / TURN);
    }
    return answer(cpu, await ours.send(), bare);
  },
};

function answer(
  cpu: { readonly ours: readonly number[]; readonly bare: readonly number[] },
  { text, wireBytes, diskBytes }: Arrived,
  { doc, bytes }: BareTypist,
): Answer {
  if (text !== doc.text) throw new RangeError("the text did not arrive");
  const saved = Automerge.save(doc).length;
  return {
    figures: {
      "CPU of a keystroke, Selkie": figure("us", cpu.ours),
      "CPU of a keystroke, bare Automerge": figure("us", cpu.bare),
      "bytes of the text": figure("bytes", [new TextEncoder().encode(text).length]),
      "bytes of all changes, bare Automerge": figure("bytes", [bytes]),
      "bytes of Automerge.save, compressed": figure("bytes", [saved]),
      "bytes both ways, of the connection that brings them": figure("bytes", [wireBytes]),
      "bytes that the disk of who receives them has more": figure("bytes", [diskBytes]),
    },
    ratios: {
      "CPU of a keystroke": figure(
        "ratio",
        cpu.ours.map((us, at) => us / (cpu.bare[at] ?? Number.NaN)),
      ),
      "bytes on the wire": figure("ratio", [wireBytes / saved]),
      "bytes at rest": figure("ratio", [diskBytes / saved]),
    },
  };
}
