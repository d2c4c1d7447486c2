// Writes the columns of a change in the one encoding that `column-reader.ts` accepts.
import { ByteSink } from "./byte-sink.ts";

/** A column being written, row by row. */
abstract class ColumnWriter {
  protected readonly sink: ByteSink = new ByteSink();

  abstract clear(): void;

  /** The finished column, until the next `clear`; empty when it is to be left out. */
  abstract finish(): ByteSink;
}

abstract class RunWriter<T extends number | string> extends ColumnWriter {
  /** Values of the literal run that is not written yet. */
  readonly #literal = new ByteSink();
  #literalCount = 0;
  #value: T | null = null;
  #count = 0;
  #valued = false;

  protected abstract write(sink: ByteSink, value: T): void;

  override clear(): void {
    this.sink.clear();
    this.#literal.clear();
    this.#literalCount = 0;
    this.#value = null;
    this.#count = 0;
    this.#valued = false;
  }

  add(value: T | null, times = 1): void {
    if (this.#count > 0 && value !== this.#value) this.#endRun();
    this.#value = value;
    this.#count += times;
  }

  override finish(): ByteSink {
    if (this.#count > 0) this.#endRun();
    this.#endLiteral();
    // A column that has no values is left out.
    if (!this.#valued) this.sink.clear();
    return this.sink;
  }

  #endRun(): void {
    if (this.#value === null) {
      this.#endLiteral();
      this.sink.byte(0);
      this.sink.unsigned(this.#count);
    } else if (this.#count === 1) {
      this.write(this.#literal, this.#value);
      this.#literalCount++;
      this.#valued = true;
    } else {
      this.#endLiteral();
      this.sink.signed(this.#count);
      this.write(this.sink, this.#value);
      this.#valued = true;
    }
    this.#count = 0;
  }

  #endLiteral(): void {
    if (this.#literalCount === 0) return;
    this.sink.signed(-this.#literalCount);
    this.sink.appendSink(this.#literal);
    this.#literal.clear();
    this.#literalCount = 0;
  }
}

/** Mirrors `NumberReader`. */
export class NumberWriter extends RunWriter<number> {
  protected override write(sink: ByteSink, value: number): void {
    sink.unsigned(value);
  }
}

/** Mirrors `TextReader`. */
export class TextWriter extends RunWriter<string> {
  readonly #bytes = new ByteSink();

  protected override write(sink: ByteSink, value: string): void {
    this.#bytes.clear();
    this.#bytes.text(value);
    sink.unsigned(this.#bytes.length);
    sink.appendSink(this.#bytes);
  }
}

/** Mirrors `DeltaReader`. */
export class DeltaWriter extends RunWriter<number> {
  #last = 0;

  protected override write(sink: ByteSink, value: number): void {
    sink.signed(value);
  }

  override clear(): void {
    super.clear();
    this.#last = 0;
  }

  /** @param times as many, and each counts one more */
  override add(value: number | null, times = 1): void {
    if (value === null) super.add(null, times);
    else {
      super.add(value - this.#last);
      if (times > 1) super.add(1, times - 1);
      this.#last = value + times - 1;
    }
  }
}

/** Mirrors `BooleanReader`. */
export class BooleanWriter extends ColumnWriter {
  #value = false;
  #count = 0;
  #rows = 0;
  /** Whether any row was true. */
  some = false;

  override clear(): void {
    this.sink.clear();
    this.#value = false;
    this.#count = 0;
    this.#rows = 0;
    this.some = false;
  }

  add(value: boolean, times = 1): void {
    if (value !== this.#value) {
      this.sink.unsigned(this.#count);
      this.#count = 0;
      this.#value = value;
    }
    this.#count += times;
    this.#rows += times;
    this.some ||= value;
  }

  override finish(): ByteSink {
    if (this.#rows > 0) this.sink.unsigned(this.#count);
    return this.sink;
  }
}
