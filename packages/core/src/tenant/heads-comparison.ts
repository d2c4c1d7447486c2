// What comes of comparing what two devices hold.

/** What two devices hold, as one of them sees it. */
export type HeadsVerdict = "same" | "behind" | "ahead" | "apart" | "fork" | "unclear";

/** Where two devices differ. */
export interface HeadsDifference {
  /**
   * `fork`: they hold different entries in one place. `behind`: this device lacks what the other has; `ahead`: the other way round.
   * `unclear`: there are more chains in the database than the text has room for, and they differ in one that it does not list.
   */
  readonly type: "fork" | "behind" | "ahead" | "unclear";
  /** Its name; null for the directory, and for one that this device's directory does not name. */
  readonly name: string | null;
  /** Hex of its id; its beginning where this device does not know the database. */
  readonly database: string;
  /** Hex; its beginning where this device does not know the chain, "" for `unclear`. */
  readonly writer: string;
  /** Of a fork a place in which the entries differ: the first such place is this one or one before. Of the others how far who has more goes. */
  readonly seq: number;
  /** Of a fork the entry that this device holds there; else "". */
  readonly entryId: string;
}

/** What came of a comparison. */
export interface HeadsComparison {
  /**
   * `fork` where there is one; else `same`; or who lacks something: `behind` is this device, `ahead` the other, `apart` both; or `unclear`.
   */
  readonly verdict: HeadsVerdict;
  /** The other person's name, and the id of the device in hex. */
  readonly user: string;
  readonly device: string;
  readonly differences: readonly HeadsDifference[];
  /** Databases that both hold, the directory among them: so many were compared. */
  readonly compared: number;
  /** Databases that the other device holds and that found no room in its text. */
  readonly left: number;
}
