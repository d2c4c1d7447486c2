import { figure } from "../measure.ts";
import { repoRecords } from "../peers/automerge-repo.ts";
import { startSelkie } from "../peers/selkie.ts";
import type { Question } from "../question.ts";

const RECORDS = 5_000;
/** Of 5,000, automerge-repo 2.5.6 loses some to its own timeout of 60 s, and creating them takes a minute more; so it is given fewer. */
const PEER_RECORDS = 2_000;
const ROUNDS = 3;

/** Records go from a first client through a server process to a second client, until each is readable there; against automerge-repo. */
export const sync: Question = {
  name: "sync",
  asks: `${RECORDS.toLocaleString("en")} records through a relay process, readable on a second device / automerge-repo, unencrypted, ${PEER_RECORDS.toLocaleString("en")} (CPU of the three processes a record)`,
  run: async (progress) => {
    progress(`automerge-repo creates ${PEER_RECORDS} records`);
    await using peer = await repoRecords(PEER_RECORDS);
    const ours: number[] = [];
    const theirs: number[] = [];
    const bytes: number[] = [];
    const raw: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      progress(`Selkie, round ${round + 1} of ${ROUNDS}`);
      await using selkie = await startSelkie();
      const found = await selkie.turn(RECORDS);
      ours.push((found.cpu.transfer + found.cpu.read) / RECORDS);
      bytes.push(found.bytes / RECORDS);
      raw.push((await selkie.rawBytes(RECORDS)) / RECORDS);
      progress(`automerge-repo, round ${round + 1} of ${ROUNDS}`);
      theirs.push((await peer.sync()) / PEER_RECORDS);
    }
    return {
      figures: {
        [`CPU a record, Selkie (${RECORDS} records)`]: figure("us", ours),
        [`CPU a record, automerge-repo (${PEER_RECORDS} records)`]: figure("us", theirs),
        "bytes a record on the wire, uploaded": figure("bytes", bytes),
        "bytes a record, the raw Automerge change": figure("bytes", raw),
      },
      ratios: {
        "cpu against automerge-repo": figure(
          "ratio",
          ours.map((us, at) => us / (theirs[at] ?? Number.NaN)),
        ),
        "bytes against the raw changes": figure(
          "ratio",
          bytes.map((count, at) => count / (raw[at] ?? Number.NaN)),
        ),
      },
    };
  },
};
