import { figure } from "../measure.ts";
import { type EvoluFound, evoluSync } from "../peers/evolu.ts";
import { type SyncFound, selkieSync } from "../peers/selkie.ts";
import type { Question } from "../question.ts";

const RECORDS = 5_000;
const ROUNDS = 3;

type Samples = readonly number[];

/** The question `sync` against Evolu, which encrypts as we do, and signs nothing. */
export const syncEvolu: Question = {
  name: "sync-evolu",
  asks: `${RECORDS.toLocaleString("en")} records through a relay process, decrypted and stored on a second device / Evolu's protocol and storages, without its tables (CPU of the three processes)`,
  run: async (progress) => {
    const ours: SyncFound[] = [];
    const theirs: EvoluFound[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      progress(`Selkie, round ${round + 1} of ${ROUNDS}`);
      ours.push(await selkieSync(RECORDS, RECORDS));
      progress(`Evolu, round ${round + 1} of ${ROUNDS}`);
      theirs.push(await evoluSync(RECORDS, RECORDS));
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
      },
    };
  },
};

const ratio = (ours: Samples, theirs: Samples) =>
  figure(
    "ratio",
    ours.map((us, at) => us / (theirs[at] ?? Number.NaN)),
  );
