/** Who is here: whether this device was left alone, and whose presence is wanted. */
import type { ClientFrame } from "@parley/contract";

export class Here {
  #watched: string[] = [];
  #idle = false;

  constructor(private readonly send: (frame: ClientFrame) => void) {}

  /** Hear whether these people are here. */
  watch(userIds: string[]): void {
    if (userIds.join() === this.#watched.join()) return;
    this.#watched = userIds;
    this.sayWatched();
  }

  setIdle(idle: boolean): void {
    if (idle === this.#idle) return;
    this.#idle = idle;
    this.#sayPresence();
  }

  /** A new connection knows nothing of it. */
  connected(): void {
    this.sayWatched();
    if (this.#idle) this.#sayPresence();
  }

  sayWatched(): void {
    if (this.#watched.length === 0) return;
    this.send({ type: "presence:watch", user_ids: this.#watched });
  }

  #sayPresence(): void {
    this.send({ type: "presence", state: this.#idle ? "away" : "online" });
  }
}
