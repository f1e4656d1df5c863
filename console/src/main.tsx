import "uplot/dist/uPlot.min.css";
import "./style.css";
import { render, type JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { READ_ONLY, useAsked, type Overview } from "./api";
import { ItemPage } from "./forecasts/ItemPage";
import { Items } from "./forecasts/Items";
import { TotalsPage } from "./forecasts/TotalsPage";
import { address, followLinks, ROOT, useRoute } from "./router";
import { OperationsPage } from "./operations/OperationsPage";
import { ComparePage } from "./runs/ComparePage";
import { RunPage } from "./runs/RunPage";
import { Runs } from "./runs/Runs";
import { isDark, onTheme, toggleTheme } from "./theme";
import { Empty, Loading } from "./widgets";

const PAGES = [
  ["forecasts", "Forecasts"],
  ["runs", "Runs"],
  ["data", "Data"],
  ["sql", "SQL"],
  ["operations", "Operations"],
] as const;

function Theme() {
  const [dark, setDark] = useState(isDark);
  useEffect(() => onTheme(() => setDark(isDark())), []);
  return (
    <button class="quiet" onClick={toggleTheme} aria-label={dark ? "Light theme" : "Dark theme"} title={dark ? "Light theme" : "Dark theme"}>
      <span aria-hidden="true">{dark ? "☀" : "☾"}</span>
    </button>
  );
}

type Editing = typeof import("./editing");
let editing: Editing | null = null;

function WithEditor({ children }: { children: (pages: Editing) => JSX.Element }) {
  const [pages, setPages] = useState(editing);
  useEffect(() => {
    void import("./editing").then((loaded) => setPages((editing = loaded)));
  }, []);
  return pages ? children(pages) : <Loading what="Loading the editor" />;
}

function App() {
  const { path, query } = useRoute();
  const overview = useAsked<Overview>("overview", {}, () => 4000);
  const [page = "forecasts", inner] = path;
  const shown = PAGES.find(([name]) => name === page);
  useEffect(() => {
    const title = page === "forecasts" && inner === "item" ? null : `${shown?.[1] ?? "Not found"} · Stepcast`;
    if (title) document.title = title;
  }, [page, inner]);
  return (
    <>
      <a class="skip" href="#content">Skip to content</a>
      <header class="bar">
        <a class="brand" href={ROOT}>
          <svg viewBox="0 0 32 32" width="18" height="18" aria-hidden="true"><path d="M4 24h6v-6h6v-6h6V6h6v20H4z" /></svg>
          Stepcast
        </a>
        <nav aria-label="Pages">
          {PAGES.map(([name, title]) => (
            <a key={name} href={address(name)} aria-current={page === name ? "page" : undefined}>{title}</a>
          ))}
        </nav>
        <span class="where">
          {overview.error ? <span class="bad" role="alert">{overview.error.message}</span> : <span title={overview.value?.endpoint}>{overview.value?.bucket}</span>}
        </span>
        {READ_ONLY && <span class="tag">read only</span>}
        <Theme />
      </header>
      <main id="content">
        {page === "forecasts" && inner === "item" ? (
          <ItemPage query={query} current={overview.value?.forecast?.vintage ?? null} />
        ) : page === "forecasts" && inner === "totals" ? (
          <TotalsPage query={query} current={overview.value?.forecast?.vintage ?? null} />
        ) : page === "forecasts" ? (
          <Items query={query} overview={overview.value} />
        ) : page === "runs" && inner === "compare" ? (
          <ComparePage query={query} />
        ) : page === "runs" && inner ? (
          <RunPage name={inner} query={query} />
        ) : page === "runs" ? (
          <Runs />
        ) : page === "data" ? (
          <WithEditor>{({ DataPage }) => <DataPage endpoint={overview.value?.endpoint ?? ""} bucket={overview.value?.bucket ?? ""} />}</WithEditor>
        ) : page === "operations" ? (
          <OperationsPage query={query} overview={overview.value} />
        ) : page === "sql" ? (
          <WithEditor>{({ SqlPage }) => <SqlPage query={query} />}</WithEditor>
        ) : (
          <Empty title="There is no such page"><a href={ROOT}>Forecasts</a></Empty>
        )}
      </main>
    </>
  );
}

document.addEventListener("click", followLinks);
render(<App />, document.getElementById("app")!);
