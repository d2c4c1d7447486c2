import { ViewError } from "../errors.ts";
import { isTrue } from "../expression/logic-functions.ts";
import type { Origin } from "../expression/scope.ts";
import { Failures } from "../follow/failures.ts";
import { Joiner } from "./join-rows.ts";
import type { SelectionPlan } from "./plan-query.ts";

/** Tells which documents count, and puts what they refer to into them. */
export class WhichCount {
  readonly failures: Failures = new Failures();
  readonly #plan: SelectionPlan;
  readonly #joiner: Joiner;

  constructor(plan: SelectionPlan) {
    this.#plan = plan;
    this.#joiner = new Joiner(plan.joins);
  }

  /** Documents that were looked up for joins. */
  get lookups(): number {
    return this.#joiner.lookups;
  }

  /** A document with what it refers to; null when it does not count. */
  async rowOf(data: object, origin: Origin): Promise<object | null> {
    if (!this.#hold(false, data, origin)) return null;
    if (this.#plan.joins.length === 0) return data;
    const row = await this.#joiner.joined(data, origin);
    return this.#hold(true, row, origin) ? row : null;
  }

  #hold(isJoined: boolean, data: object, origin: Origin): boolean {
    try {
      return this.#plan.where.every((one) => one.isJoined !== isJoined || isTrue(one.compute(data, origin)));
    } catch (error) {
      if (!(error instanceof ViewError)) throw error;
      this.failures.add({ origin, error });
      return false;
    }
  }
}
