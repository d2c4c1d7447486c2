import { ByteSink } from "./byte-sink.ts";
import type { Op } from "./change-op.ts";
import { BooleanWriter, DeltaWriter, NumberWriter, TextWriter } from "./column-writer.ts";

/** Finished columns, in the order of `columnOrder`; an empty one is left out. Valid until the writer is cleared. */
export type WrittenColumns = readonly ByteSink[];

/**
 * Writes operations into the columns of a change: `clear`, `add` for each operation, `finish`. Reading a change and writing it again
 * gives the same bytes. Test: change-writer.test.ts "a change that is read and written again has the same bytes".
 */
export class OpWriter {
  readonly #objectActor = new NumberWriter();
  readonly #objectCounter = new NumberWriter();
  readonly #keyActor = new NumberWriter();
  readonly #keyCounter = new DeltaWriter();
  readonly #keyText = new TextWriter();
  readonly #insert = new BooleanWriter();
  readonly #action = new NumberWriter();
  readonly #valueMeta = new NumberWriter();
  readonly #value = new ByteSink();
  readonly #predCount = new NumberWriter();
  readonly #predActor = new NumberWriter();
  readonly #predCounter = new DeltaWriter();
  readonly #expand = new BooleanWriter();
  readonly #markName = new TextWriter();

  clear(): void {
    for (const writer of this.#writers()) writer.clear();
  }

  /**
   * `bytes` hold the operation's value.
   * @param times adds so many: letters as long as this one, each after the one before
   */
  add(op: Op, bytes: Uint8Array, times = 1): void {
    const atRoot = op.objectCounter === 0;
    this.#objectActor.add(atRoot ? null : op.objectActor, times);
    this.#objectCounter.add(atRoot ? null : op.objectCounter, times);
    const length = op.valueEnd - op.valueStart;
    const hasElement = op.keyText === null;
    this.#keyActor.add(hasElement && op.keyCounter > 0 ? op.keyActor : null, times);
    this.#keyCounter.add(hasElement ? op.keyCounter : null, times);
    this.#keyText.add(op.keyText, times);
    this.#insert.add(op.insert, times);
    this.#action.add(op.action, times);
    this.#valueMeta.add(length * 16 + op.valueType, times);
    this.#value.appendRange(bytes, op.valueStart, op.valueStart + times * length);
    this.#predCount.add(op.predCount, times);
    for (let i = 0; i < op.predCount; i++) {
      this.#predActor.add(op.predActors[i] ?? 0);
      this.#predCounter.add(op.predCounters[i] ?? 0);
    }
    this.#expand.add(op.expand, times);
    this.#markName.add(op.markName, times);
  }

  finish(): WrittenColumns {
    if (!this.#expand.some) this.#expand.clear();
    return this.#writers().map((writer) => (writer instanceof ByteSink ? writer : writer.finish()));
  }

  /** In the order of `columnOrder`. */
  #writers(): readonly (ByteSink | NumberWriter | DeltaWriter | TextWriter | BooleanWriter)[] {
    return [
      this.#objectActor,
      this.#objectCounter,
      this.#keyActor,
      this.#keyCounter,
      this.#keyText,
      this.#insert,
      this.#action,
      this.#valueMeta,
      this.#value,
      this.#predCount,
      this.#predActor,
      this.#predCounter,
      this.#expand,
      this.#markName,
    ];
  }
}
