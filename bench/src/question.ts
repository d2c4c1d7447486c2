/** One figure: its samples in the order they were taken, and their median. */
export interface Figure {
  readonly unit: "us" | "ms" | "bytes" | "ratio" | "count";
  readonly value: number;
  readonly samples: readonly number[];
}

/** What a question found: ratios are what budgets are about, figures are what they were made of. */
export interface Answer {
  readonly ratios: Readonly<Record<string, Figure>>;
  readonly figures: Readonly<Record<string, Figure>>;
}

/** One question a file: `pnpm bench <name>`. */
export interface Question {
  readonly name: string;
  /** One line for the table. */
  readonly asks: string;
  run(progress: (text: string) => void): Promise<Answer>;
}
