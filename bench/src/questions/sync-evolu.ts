import { figure } from "../measure.ts";
import { type EvoluFound, startEvolu } from "../peers/evolu.ts";
import { type SyncFound, startSelkie } from "../peers/selkie.ts";
import type { Question } from "../question.ts";

const RECORDS = 5_000;
const ROUNDS = 3;
const TURNS = 15;
/** Turns until neither side gets any faster: docs/adr/0066. */
const WARM_UPS = 9;

type Samples = readonly number[];

/** The question `sync` against Evolu, which encrypts as we do, and signs nothing. */
export const syncEvolu: Question = {
  name: "sync-evolu",
  asks: `${RECORDS.toLocaleString("en")} records through a relay process, decrypted and stored on a second device / Evolu's protocol and storages, without its tables (CPU of the three processes)`,
  run: async (progress) => {
    const ours: SyncFound[] = [];
    const theirs: EvoluFound[] = [];
    const firsts: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      await using selkie = await startSelkie();
      await using evolu = await startEvolu();
      for (let turn = 0; turn < TURNS; turn++) {
        progress(`round ${round + 1} of ${ROUNDS}, turn ${turn + 1} of ${TURNS}`);
        const [found, peers] = [await selkie.turn(RECORDS), await evolu.turn(RECORDS)];
        if (turn === 0) firsts.push(found.cpu.transfer / peers.cpu.transfer);
        if (turn < WARM_UPS) continue;
        ours.push(found);
        theirs.push(peers);
      }
    }
    const aRecord = (samples: Samples): Samples => samples.map((sum) => sum / RECORDS);
    const transferred = ours.map(({ cpu }) => cpu.transfer);
    const decrypted = ours.map(({ cpu }) => cpu.create + cpu.transfer);
    const readable = ours.map(({ cpu }) => cpu.create + cpu.transfer + cpu.read);
    const theirTransferred = theirs.map(({ cpu }) => cpu.transfer);
    const theirDecrypted = theirs.map(({ cpu }) => cpu.create + cpu.transfer);
    return {
      figures: {
        "CPU a record, Selkie, sealed and durable": figure("us", aRecord(ours.map(({ cpu }) => cpu.create))),
        "CPU a record, Selkie, from there until decrypted": figure("us", aRecord(transferred)),
        "CPU a record, Selkie, from there until read": figure("us", aRecord(ours.map(({ cpu }) => cpu.read))),
        "CPU a record, Evolu, a change of it made": figure("us", aRecord(theirs.map(({ cpu }) => cpu.create))),
        "CPU a record, Evolu, from there until decrypted": figure("us", aRecord(theirTransferred)),
        "bytes a record, Selkie, uploaded": figure("bytes", aRecord(ours.map(({ bytes }) => bytes))),
        "bytes a record, Evolu, uploaded": figure("bytes", aRecord(theirs.map(({ bytes }) => bytes))),
      },
      ratios: {
        "from created until decrypted": ratio(transferred, theirTransferred),
        "with creation": ratio(decrypted, theirDecrypted),
        "with creation and readable documents": ratio(readable, theirDecrypted),
        "the first turn of a process, from created until decrypted": figure("ratio", firsts),
      },
    };
  },
};

const ratio = (ours: Samples, theirs: Samples) =>
  figure(
    "ratio",
    ours.map((us, at) => us / (theirs[at] ?? Number.NaN)),
  );
