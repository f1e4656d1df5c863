/** SQL on the tables, through Athena's API. */
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, get, post, useAsked, type Tables } from "../api";
import { count, duration, plural } from "../format";
import { keepInQuery } from "../router";
import { CopyLink, useWindowed } from "../widgets";
import { createEditor, type Editor } from "./editor";

const EXAMPLES: [string, string][] = [
  ["The forecast", "SELECT *\nFROM forecast\nORDER BY item_id, timestamp, type\nLIMIT 100"],
  ["The largest items", "SELECT item_id, sum(target_value) AS total\nFROM forecast\nWHERE type = 'p50'\nGROUP BY item_id\nORDER BY total DESC\nLIMIT 20"],
  ["Worse than seasonal naive", "SELECT item_id, wql, wql_seasonal_naive, coverage, note\nFROM leaderboard\nWHERE scope = 'item' AND wql > wql_seasonal_naive\nORDER BY wql / wql_seasonal_naive DESC"],
  ["How earlier forecasts turned out", "SELECT h.vintage, avg(abs(t.target_value - h.target_value)) AS error\nFROM forecast_history h\nJOIN train t ON t.item_id = h.item_id AND t.timestamp = h.timestamp\nWHERE h.type = 'p50'\nGROUP BY h.vintage\nORDER BY h.vintage"],
  ["Files of each forecast", "SELECT vintage, file, version_id, size\nFROM lineage\nORDER BY vintage, file"],
];
const NUMBERS = /^(tinyint|smallint|integer|int|bigint|double|float|real|decimal.*)$/;
const ROW = 26;
const RECENT = "stepcast-queries";
const MOST_RECENT = 20;

interface Rows {
  columns: { name: string; type: string }[];
  rows: (string | null)[][];
  next: string | null;
}

interface State {
  state: string;
  message: string | null;
  place: { line: number; column: number } | null;
  milliseconds: number | null;
  bytes: number | null;
}

type Result = { kind: "idle" } | { kind: "running"; id: string | null } | { kind: "failed"; message: string } | { kind: "done"; id: string; rows: Rows; milliseconds: number | null };

function recent(): string[] {
  try {
    const kept = JSON.parse(localStorage.getItem(RECENT) ?? "[]") as unknown;
    return Array.isArray(kept) ? kept.filter((one): one is string => typeof one === "string") : [];
  } catch {
    return [];
  }
}

export function SqlPage({ query }: { query: URLSearchParams }) {
  const tables = useAsked<Tables>("tables");
  const box = useRef<HTMLDivElement>(null);
  const editor = useRef<Editor | null>(null);
  const [result, setResult] = useState<Result>({ kind: "idle" });
  const running = useRef(0);
  const run = async () => {
    const sql = editor.current!.view.state.doc.toString();
    if (!sql.trim()) return;
    const mine = ++running.current;
    const still = () => running.current === mine;
    editor.current!.clearError();
    localStorage.setItem(RECENT, JSON.stringify([sql, ...recent().filter((one) => one !== sql)].slice(0, MOST_RECENT)));
    const fail = (message: string, place: State["place"]) => {
      setResult({ kind: "failed", message });
      editor.current?.showError(message, place);
    };
    setResult({ kind: "running", id: null });
    try {
      const { id } = await post<{ id: string }>("queries", { sql });
      if (still()) setResult({ kind: "running", id });
      for (let pause = 20; ; pause = Math.min(2 * pause, 400)) {
        const state = await get<State>("query", { id });
        if (!still()) return;
        if (state.state === "SUCCEEDED") {
          const rows = await get<Rows>("rows", { id });
          if (still()) setResult({ kind: "done", id, rows, milliseconds: state.milliseconds });
          return;
        }
        if (state.state === "FAILED" || state.state === "CANCELLED") return fail(state.message ?? "The query was stopped.", state.place);
        await new Promise((done) => setTimeout(done, pause));
      }
    } catch (error) {
      if (still()) fail((error as ApiError).message, (error as ApiError).details?.place as State["place"]);
    }
  };
  const runLatest = useRef(run);
  runLatest.current = run;
  useEffect(() => {
    const text = query.get("q") ?? recent()[0] ?? EXAMPLES[0]![1];
    const created = createEditor(box.current!, text, () => void runLatest.current(), (changed) => keepInQuery({ q: changed }));
    editor.current = created;
    created.view.focus();
    return () => {
      running.current++;
      created.view.destroy();
    };
  }, []);
  useEffect(() => {
    if (tables.value) editor.current?.setTables(tables.value);
  }, [tables.value]);
  const write = (text: string) => {
    const { view } = editor.current!;
    view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
    view.focus();
  };
  const insert = (text: string) => {
    const { view } = editor.current!;
    view.dispatch(view.state.replaceSelection(text));
    view.focus();
  };
  return (
    <div class="page sql">
      <h1 class="hidden">SQL</h1>
      <aside class="panel tables" aria-label="Tables">
        <h2>{tables.value?.database ?? "Tables"}</h2>
        {tables.value?.tables.length === 0 && <p class="sub">There are no tables until the first forecast is made.</p>}
        {tables.value?.tables.map((table) => (
          <details key={table.name}>
            <summary>{table.name}</summary>
            <ul>{table.columns.map((column) => <li key={column.name}><button class="quiet" onClick={() => insert(column.name)}>{column.name}<span class="dim"> {column.type}</span></button></li>)}</ul>
          </details>
        ))}
      </aside>
      <div class="work">
        <div class="panel">
          <div class="editor" ref={box} />
          <div class="tools">
            <button class="primary" onClick={run} disabled={result.kind === "running"}>Run</button>
            {result.kind === "running" && result.id && <button onClick={() => void post("stop", { id: result.id })}>Stop</button>}
            <span class="sub hint"><kbd>Ctrl</kbd> <kbd>Enter</kbd></span>
            <span class="space" />
            <select aria-label="Examples" value="" onChange={(event) => { write(EXAMPLES[Number(event.currentTarget.value)]![1]); event.currentTarget.value = ""; }}>
              <option value="" disabled>Examples</option>
              {EXAMPLES.map(([name], index) => <option key={name} value={index}>{name}</option>)}
            </select>
            <select aria-label="Recent queries" value="" onChange={(event) => { write(recent()[Number(event.currentTarget.value)] ?? ""); event.currentTarget.value = ""; }}>
              <option value="" disabled>Recent</option>
              {recent().map((text, index) => <option key={index} value={index}>{text.replace(/\s+/g, " ").slice(0, 70)}</option>)}
            </select>
            <CopyLink />
          </div>
        </div>
        {result.kind === "failed" && <p class="notice bad pre" role="alert">{result.message}</p>}
        {result.kind === "running" && <p class="loading" role="status">Running</p>}
        {result.kind === "done" && <Table key={result.id} result={result} />}
      </div>
    </div>
  );
}

function Table({ result }: { result: { id: string; rows: Rows; milliseconds: number | null } }) {
  const [pages, setPages] = useState<Rows>(result.rows);
  const [busy, setBusy] = useState(false);
  const view = useWindowed(pages.rows.length, ROW);
  const more = async () => {
    setBusy(true);
    try {
      const page = await get<Rows>("rows", { id: result.id, token: pages.next });
      setPages((old) => ({ columns: old.columns, rows: [...old.rows, ...page.rows], next: page.next }));
    } finally {
      setBusy(false);
    }
  };
  const numeric = pages.columns.map((column) => NUMBERS.test(column.type));
  if (pages.columns.length === 0) return <p class="note" role="status">Done. The statement has no rows.</p>;
  return (
    <div class="panel result">
      <p class="sub" role="status">
        {pages.next ? `The first ${count(pages.rows.length)} rows` : plural(pages.rows.length, "row")}
        {result.milliseconds != null && ` · ${duration(result.milliseconds / 1000)}`}
        {pages.next && <> · <button class="link" onClick={more} disabled={busy}>More</button></>}
      </p>
      <div class="scroller" ref={view.box} tabIndex={0} role="region" aria-label="Result">
        <table class="values">
          <thead><tr>{pages.columns.map((column, index) => <th key={index} scope="col" class={numeric[index] ? "number" : ""} title={column.type}>{column.name}</th>)}</tr></thead>
          <tbody>
            <tr class="filler" aria-hidden="true" style={{ height: `${view.before}px` }} />
            {pages.rows.slice(view.first, view.last).map((row, index) => (
              <tr key={view.first + index}>{row.map((cell, column) => <td key={column} class={cell === null ? "null" : numeric[column] ? "number" : ""}>{cell ?? "NULL"}</td>)}</tr>
            ))}
            <tr class="filler" aria-hidden="true" style={{ height: `${view.after}px` }} />
          </tbody>
        </table>
      </div>
    </div>
  );
}
