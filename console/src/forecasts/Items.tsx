/** The list of items: search, sort, and scroll through as many as there are. */
import { useEffect, useRef, useState } from "preact/hooks";
import { get, useAskedOfNewest, type ItemPage, type ItemRow, type Overview } from "../api";
import { change, count, percent, period, plural, title, value, vintage } from "../format";
import { address, keepInQuery, navigate } from "../router";
import { Empty, Failed, Loading, useWindowed } from "../widgets";

const ROW = 30; // pixels
const BLOCK = 100; // rows of one request
const COLUMNS = [
  ["item", "Item", "The item, and the forecast's dimensions"],
  ["volume", "Volume", "Sum of the central forecast over the horizon"],
  ["error", "wQL", "Average weighted quantile loss in the backtest: lower is better"],
  ["ratio", "vs naive", "That loss relative to repeating the last season: below 1 is better"],
  ["coverage", "Coverage", "Share of outcomes in the backtest between the outer quantiles"],
  ["change", "Change", "Mean forecast of a period compared with the previous vintage"],
] as const;

export function itemAddress(key: string[], query: Record<string, string | null> = {}): string {
  return address("forecasts/item", { key: JSON.stringify(key), ...query });
}

export function Items({ query, overview }: { query: URLSearchParams; overview: Overview | null }) {
  const search = query.get("search") ?? "";
  const sort = query.get("sort") ?? "volume";
  const direction = query.get("direction") ?? (sort === "item" ? "up" : "down");
  const current = overview?.forecast ?? null;
  const first = useAskedOfNewest<ItemPage>("items", { search, sort, direction, limit: BLOCK }, current?.vintage ?? null, (answer) => (answer?.comparing ? 700 : null));
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key === "/" && !/^(INPUT|TEXTAREA)$/.test((event.target as Element).tagName)) {
        event.preventDefault();
        input.current?.focus();
      }
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
  if (overview && first.value?.vintage === null)
    return (
      <Empty title="No forecast yet">
        <p>Upload <code>params.json</code> and files under <code>train/</code>; a run begins by itself.</p>
        <pre>{["params.json s3://" + overview.bucket + "/", "my.csv s3://" + overview.bucket + "/train/"].map((what) => `aws ${overview.endpoint && `--endpoint-url ${overview.endpoint} `}s3 cp ${what}`).join("\n")}</pre>
        <p><a href={address("runs")}>Runs</a> shows how far it is.</p>
      </Empty>
    );
  if (first.error && !first.value) return <Failed error={first.error} again={first.again} />;
  if (!first.value || first.value.vintage === null) return <Loading what="Reading the forecast" />;
  const [model, naive] = [current?.scores[current.model], current?.scores.SeasonalNaive];
  return (
    <div class="page list">
      <div class="head">
        <h1>Forecasts</h1>
        <p class="sub">
          {current && <>Vintage {vintage(current.vintage)} · {plural(current.horizon, period(current.frequency))} ahead from {current.first.replace("T00:00:00", "").replace("T", " ")} · {current.model}
          {model != null && ` · wQL ${value(model)}`}
          {naive != null && current.model !== "SeasonalNaive" && ` (seasonal naive ${value(naive)})`}</>}
          {"\u00a0"}
        </p>
        <div class="tools">
          <input
            ref={input}
            type="search"
            placeholder="Search items"
            aria-label="Search items"
            aria-keyshortcuts="/"
            value={search}
            onInput={(event) => keepInQuery({ search: event.currentTarget.value })}
            onKeyDown={(event) => {
              if (event.key === "ArrowDown") document.querySelector<HTMLElement>(".rows [data-row]")?.focus();
              if (event.key === "Enter" && first.value?.items[0]) navigate(itemAddress(first.value.items[0].key));
            }}
          />
          <span class="count" role="status">
            {first.value.found === first.value.total ? plural(first.value.total, "item") : `${count(first.value.found)} of ${plural(first.value.total, "item")}`}
          </span>
          <span class="space" />
          <a class="button" href={address("forecasts/totals", { search })}>Totals</a>
        </div>
      </div>
      <Rows key={`${first.answers} ${first.value.vintage} ${first.value.comparing}`} first={first.value} search={search} sort={sort} direction={direction} />
    </div>
  );
}

function Rows({ first, search, sort, direction }: { first: ItemPage; search: string; sort: string; direction: string }) {
  const blocks = useRef(new Map<number, ItemRow[] | "asked">());
  const [, redraw] = useState(0);
  blocks.current.set(0, first.items);
  const view = useWindowed(first.found, ROW);
  useEffect(() => {
    const controller = new AbortController();
    // Wait until scrolling pauses: a drag of the scrollbar passes thousands of rows.
    const timer = setTimeout(() => {
      for (let block = Math.floor(view.first / BLOCK); block * BLOCK < view.last; block++) {
        if (blocks.current.has(block)) continue;
        blocks.current.set(block, "asked");
        get<ItemPage>("items", { search, sort, direction, vintage: first.vintage, offset: block * BLOCK, limit: BLOCK }, controller.signal).then(
          (page) => {
            blocks.current.set(block, page.items);
            redraw((n) => n + 1);
          },
          () => blocks.current.delete(block),
        );
      }
    }, 60);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [view.first, view.last]);
  const numbers: number[] = [];
  for (let number = view.first; number < view.last; number++) numbers.push(number);
  const keys = first.key_names.length;
  return (
    <div class="scroller" ref={view.box} tabIndex={-1}>
      <div class="grid items" role="table" aria-label="Items" aria-rowcount={first.found + 1}>
        <div class="row header" role="row">
          {COLUMNS.map(([name, text, hint]) => {
            const sorted = sort === name;
            const next = sorted ? (direction === "up" ? "down" : "up") : name === "item" ? "up" : "down";
            return (
              <div key={name} role="columnheader" class={name === "item" ? "" : "number"} aria-sort={sorted ? (direction === "up" ? "ascending" : "descending") : "none"}>
                <button class="quiet" title={hint} onClick={() => keepInQuery({ sort: name, direction: next })}>
                  {name !== "item" && sorted && <Arrow direction={direction} />}
                  {name === "item" ? first.key_names.join(" · ") : text}
                  {name === "item" && sorted && <Arrow direction={direction} />}
                </button>
              </div>
            );
          })}
        </div>
        <div class="rows" role="rowgroup">
          <div style={{ height: `${view.before}px` }} />
          {numbers.map((number) => {
            const block = blocks.current.get(Math.floor(number / BLOCK));
            const row = Array.isArray(block) ? block[number % BLOCK] : undefined;
            return row ? <Row key={number} row={row} number={number} keys={keys} /> : <div key={number} class="row pending" />;
          })}
          <div style={{ height: `${view.after}px` }} />
        </div>
      </div>
      {first.found === 0 && <p class="loading">No item has {JSON.stringify(search)} in its name.</p>}
    </div>
  );
}

function Arrow({ direction }: { direction: string }) {
  return <span class="arrow" aria-hidden="true">{direction === "up" ? "↑" : "↓"}</span>;
}

function Row({ row, number, keys }: { row: ItemRow; number: number; keys: number }) {
  return (
    <div class="row" role="row" aria-rowindex={number + 2}>
      <div role="cell" class="name" title={title(row.key)}>
        <a
          class="cover"
          data-row={number}
          href={itemAddress(row.key)}
          onKeyDown={(event) => {
            const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
            if (!step) return;
            event.preventDefault();
            document.querySelector<HTMLElement>(`[data-row="${number + step}"]`)?.focus();
          }}
        >
          {row.key[0]}
          {keys > 1 && <span class="dim"> · {row.key.slice(1).join(" · ")}</span>}
        </a>
        {row.note && <span class="tag" title="The forecast has a note">note</span>}
      </div>
      <div role="cell" class="number">{value(row.volume)}</div>
      <div role="cell" class="number">{value(row.error)}</div>
      <div role="cell" class={`number ${row.ratio != null && row.ratio > 1 ? "bad" : ""}`}>{row.ratio == null ? "–" : `${row.ratio.toFixed(2)}×`}</div>
      <div role="cell" class="number">{percent(row.coverage)}</div>
      <div role="cell" class="number">{change(row.change)}</div>
    </div>
  );
}
