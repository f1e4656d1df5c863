/** Small parts that several pages have. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { ApiError, LogLine } from "./api";
import { instant, timeOfDay } from "./format";

const MARKS: Record<string, string> = { SUCCEEDED: "✓", FAILED: "✕", RUNNING: "●", TIMED_OUT: "✕", ABORTED: "■", STOPPED: "■", SUPERSEDED: "→" };

export function Status({ of, small = false }: { of: string; small?: boolean }) {
  return (
    <span class={`status ${of.toLowerCase()}${small ? " small" : ""}`}>
      <span class="mark" aria-hidden="true">{MARKS[of] ?? "○"}</span>
      {of.toLowerCase().replace("_", " ")}
    </span>
  );
}

export function Figure({ name, value, hint, tone }: { name: string; value: string; hint?: string; tone?: "good" | "bad" }) {
  return (
    <div class="figure" title={hint}>
      <dt>{name}</dt>
      <dd class={tone}>{value}</dd>
    </div>
  );
}

export function Failed({ error, again }: { error: ApiError; again?: () => void }) {
  return (
    <div class="notice bad" role="alert">
      <p>{error.message}</p>
      {again && <button onClick={again}>Try again</button>}
    </div>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

export function Loading({ what }: { what: string }) {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), 300); // what comes sooner needs no word
    return () => clearTimeout(timer);
  }, []);
  return <p class="loading" role="status">{late ? what : ""}</p>;
}

export function CopyLink() {
  const [done, setDone] = useState(false);
  return (
    <button
      onClick={async () => {
        await navigator.clipboard.writeText(location.href);
        setDone(true);
        setTimeout(() => setDone(false), 1500);
      }}
    >
      {done ? "Copied" : "Copy link"}
    </button>
  );
}

/** Only the rows that can be seen are in the document, so that 100,000 scroll like ten. Each row is `height` high. */
export function useWindowed(total: number, height: number) {
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ first: 0, count: 40 });
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const look = () => {
      const first = Math.max(0, Math.floor(element.scrollTop / height) - 10);
      const count = Math.ceil(element.clientHeight / height) + 20;
      setView((old) => (old.first === first && old.count === count ? old : { first, count }));
    };
    look();
    element.addEventListener("scroll", look, { passive: true });
    const watch = new ResizeObserver(look);
    watch.observe(element);
    return () => {
      element.removeEventListener("scroll", look);
      watch.disconnect();
    };
  }, [height]);
  const last = Math.min(total, view.first + view.count);
  return { box, first: Math.min(view.first, last), last, before: Math.min(view.first, last) * height, after: (total - last) * height };
}

/** Lines of a log. With `days`, each has its date. */
export function LogView({ lines, cut, days = false }: { lines: LogLine[]; cut: boolean; days?: boolean }) {
  return (
    <div class="log" tabIndex={0} role="region" aria-label="Log">
      {lines.map((line, index) => (
        <div key={index} class={`line ${line.level.toLowerCase()}`}>
          <time>{days ? instant(line.t) : timeOfDay(line.t)}</time>
          <span class="level">{line.level}</span>
          <span class="text">
            {line.text}
            {Object.entries(line.facts).filter(([name]) => days || name !== "run").map(([name, fact]) => (
              <span key={name} class="fact"> {name}=<b>{typeof fact === "string" ? fact : JSON.stringify(fact)}</b></span>
            ))}
            {line.trace && <pre>{line.trace}</pre>}
          </span>
        </div>
      ))}
      {cut && <p class="sub">Only the first lines are shown; stepcast logs has them all.</p>}
    </div>
  );
}

/** A text to paste elsewhere. */
export function Snippet({ text }: { text: string }) {
  const [done, setDone] = useState(false);
  return (
    <div class="snippet">
      <pre tabIndex={0}>{text}</pre>
      <button
        class="link"
        onClick={async () => {
          await navigator.clipboard.writeText(text);
          setDone(true);
          setTimeout(() => setDone(false), 1500);
        }}
      >
        {done ? "Copied" : "Copy"}
      </button>
    </div>
  );
}
