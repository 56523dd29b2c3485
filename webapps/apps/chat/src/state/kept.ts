/** A list that lives in sessionStorage, so that a reload of its tab does not lose it. */

export type Slot = Pick<Storage, "getItem" | "setItem" | "removeItem">;

export class Kept<Entry> {
  constructor(
    private readonly slot: Slot,
    private readonly key: string,
  ) {}

  read(): Entry[] {
    try {
      return JSON.parse(this.slot.getItem(this.key) ?? "[]") as Entry[];
    } catch {
      return [];
    }
  }

  write(entries: readonly Entry[]): void {
    try {
      if (entries.length === 0) this.slot.removeItem(this.key);
      else this.slot.setItem(this.key, JSON.stringify(entries));
    } catch {
      // A full storage costs the survival of a reload, not the sending.
    }
  }
}
