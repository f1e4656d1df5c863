/** Small parts that several pages have. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { ApiError } from "./api";

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
