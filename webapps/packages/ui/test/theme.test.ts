import { act, renderHook } from "@testing-library/react";
import { afterEach, describe, expect, it } from "vitest";

import { followTheme, setThemeMode, useIsDark, useThemeMode } from "../src";

describe("theme", () => {
  let stop = () => {};
  afterEach(() => stop());

  it("is told to every app at once, kept, and put on the page", () => {
    stop = followTheme();
    const mode = renderHook(() => useThemeMode());
    const dark = renderHook(() => useIsDark());
    expect(mode.result.current).toBe("system");
    act(() => setThemeMode("dark"));
    expect(mode.result.current).toBe("dark");
    expect(dark.result.current).toBe(true);
    expect(document.documentElement).toHaveClass("dark");
    expect(localStorage.getItem("parley.theme")).toBe("dark");
    act(() => setThemeMode("light"));
    expect(dark.result.current).toBe(false);
    expect(document.documentElement).not.toHaveClass("dark");
  });
});
