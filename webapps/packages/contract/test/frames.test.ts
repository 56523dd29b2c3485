import { describe, expect, it } from "vitest";

import { newId, parseServerFrame } from "../src";

describe("parseServerFrame", () => {
  it("reads what it knows and ignores what it does not", () => {
    expect(parseServerFrame('{"type":"pong","ref":"1"}')).toEqual({ type: "pong", ref: "1" });
    for (const odd of ['{"type":"from:the:future"}', "{", "null", "[]", '"x"', new Blob([])]) {
      expect(parseServerFrame(odd)).toBeNull();
    }
  });
});

describe("newId", () => {
  it("makes a UUID also where crypto.randomUUID is missing", () => {
    const { getRandomValues } = crypto;
    const plain = { getRandomValues: getRandomValues.bind(crypto) } as Crypto;
    const original = globalThis.crypto;
    Object.defineProperty(globalThis, "crypto", { value: plain, configurable: true });
    try {
      expect(newId()).toMatch(
        /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      );
    } finally {
      Object.defineProperty(globalThis, "crypto", { value: original, configurable: true });
    }
  });
});
