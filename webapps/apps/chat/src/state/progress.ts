/**
 * How far each conversation was heard without a hole, so that a connection can go on from there.
 * After a hole positions stand still, whatever arrives, until everything behind them has come.
 */
import { notePosition } from "./timeline";

export class Progress {
  /** Newest position per log, by conversation. */
  readonly #positions = new Map<string, Map<string, string>>();
  readonly #complete = new Set<string>();

  isComplete(id: string): boolean {
    return this.#complete.has(id);
  }

  /** From where on a conversation has to be heard; none when only its history tells. */
  positions(id: string): string[] {
    return [...(this.#positions.get(id)?.values() ?? [])];
  }

  /** An event arrived. */
  note(id: string, at: string | undefined): void {
    if (this.#complete.has(id)) notePosition(this.#logs(id), at);
  }

  /** The history is complete up to here; what follows has still to be heard. */
  reaches(id: string, positions: string[]): void {
    this.fellBehind(id);
    for (const position of positions) notePosition(this.#logs(id), position);
  }

  /** Everything up to these positions was heard. */
  caughtUp(id: string, positions: readonly string[]): void {
    this.#complete.add(id);
    for (const position of positions) notePosition(this.#logs(id), position);
  }

  /** Something was missed that is not sent again. */
  fellBehind(id: string): void {
    this.#complete.delete(id);
    this.#positions.delete(id);
  }

  clear(): void {
    this.#complete.clear();
    this.#positions.clear();
  }

  #logs(id: string): Map<string, string> {
    const logs = this.#positions.get(id) ?? new Map<string, string>();
    this.#positions.set(id, logs);
    return logs;
  }
}
