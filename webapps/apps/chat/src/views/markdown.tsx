/** Renders an answer's markdown as safe elements: what a model wrote is never trusted. */
import { memo, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import ReactMarkdown, { type Components } from "react-markdown";
import rehypeSanitize from "rehype-sanitize";
import remarkGfm from "remark-gfm";

function sameOrigin(address: string): boolean {
  try {
    return new URL(address, window.location.href).origin === window.location.origin;
  } catch {
    return false;
  }
}

function hostOf(address: string): string | undefined {
  try {
    return new URL(address, window.location.href).host;
  } catch {
    return undefined;
  }
}

/** A picture from elsewhere tells its server who read what, so it is named, not loaded. */
function Picture({ src, alt }: { src?: unknown; alt?: string }) {
  const { t } = useTranslation("chat");
  if (typeof src === "string" && sameOrigin(src))
    return <img src={src} alt={alt ?? ""} loading="lazy" />;
  return <em className="md-image">{alt ? t("image", { alt }) : t("imageNoAlt")}</em>;
}

function OutLink({ href, children }: { href?: string; children?: ReactNode }) {
  if (!href) return <span>{children}</span>;
  return (
    <a href={href} title={hostOf(href)} target="_blank" rel="noopener noreferrer nofollow">
      {children}
    </a>
  );
}

/** The page has its own headings; an answer's start below them. */
const COMPONENTS: Components = {
  h1: ({ children }) => <h3>{children}</h3>,
  h2: ({ children }) => <h4>{children}</h4>,
  h3: ({ children }) => <h5>{children}</h5>,
  a: ({ href, children }) => <OutLink href={href}>{children}</OutLink>,
  img: ({ src, alt }) => <Picture src={src} alt={alt} />,
  table: ({ children }) => (
    <div className="md-table">
      <table>{children}</table>
    </div>
  ),
};

const REMARK = [remarkGfm];
const REHYPE = [rehypeSanitize];

function Markdown({ text }: { text: string }) {
  return (
    <div className="md">
      <ReactMarkdown remarkPlugins={REMARK} rehypePlugins={REHYPE} components={COMPONENTS}>
        {text}
      </ReactMarkdown>
    </div>
  );
}

export default memo(Markdown);
