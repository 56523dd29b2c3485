import { addTexts } from "@parley/ui";
import { render } from "@testing-library/react";
import { describe, expect, it } from "vitest";

import english from "../src/locales/en.json";
import Markdown from "../src/views/markdown";

addTexts("chat", english);

const HOSTILE = [
  "<script>window.pwned = 1</script>",
  '<img src=x onerror="window.pwned = 1">',
  "[click](javascript:window.pwned=1)",
  "<a href='javascript:window.pwned=1'>x</a>",
  "![x](javascript:window.pwned=1)",
  "![pixel](https://evil.example/p.png?who=ada)",
  "<iframe src='https://evil.example'></iframe>",
  "<style>body { display: none }</style>",
  "<form action='https://evil.example'><input name='password'></form>",
  "<svg onload='window.pwned=1'></svg>",
  "[x](data:text/html;base64,PHNjcmlwdD4=)",
  "<base href='https://evil.example/'>",
];

describe("markdown", () => {
  it.each(HOSTILE)("lets nothing act or load: %s", (text) => {
    const { container } = render(<Markdown text={text} />);
    const forbidden = "script,iframe,style,form,input,svg,base,object,embed,img";
    expect(container.querySelector(forbidden)).toBeNull();
    for (const element of container.querySelectorAll("*")) {
      const names = element.getAttributeNames();
      expect(names.filter((name) => name.startsWith("on"))).toEqual([]);
    }
    for (const link of container.querySelectorAll("a")) {
      expect(link.getAttribute("href") ?? "").not.toMatch(/^(javascript|data):/i);
    }
  });

  it("shows lists, tables and links that take nothing along", () => {
    const text = "- one\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n[guide](https://example.com/x)";
    const { getByRole } = render(<Markdown text={text} />);
    expect(getByRole("listitem")).toHaveTextContent("one");
    expect(getByRole("table")).toBeVisible();
    const link = getByRole("link", { name: "guide" });
    expect(link).toHaveAttribute("rel", "noopener noreferrer nofollow");
    expect(link).toHaveAttribute("target", "_blank");
    expect(link).toHaveAttribute("title", "example.com");
  });

  it("shows pictures of this origin and names the others", () => {
    const { container, getByText } = render(
      <Markdown text={"![mine](/static/a.png) ![theirs](https://evil.example/p.png)"} />,
    );
    expect(container.querySelectorAll("img")).toHaveLength(1);
    expect(getByText(/theirs/)).toBeVisible();
  });
});
