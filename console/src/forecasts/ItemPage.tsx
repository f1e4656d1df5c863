/** One item: its chart, how good its forecast is, and why it is as it is. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { apiAddress, get, useAskedOfNewest, type Earlier, type Series } from "../api";
import { change, moment, percent, period, plural, title, value, vintage } from "../format";
import { address, keepInQuery } from "../router";
import { CopyLink, Failed, Figure, Loading } from "../widgets";
import { chartData, nearForecast, pairs } from "./chartData";
import { LeadChart } from "./LeadChart";
import { RelatedChart } from "./RelatedChart";
import { Axis, SeriesChart, type Range } from "./SeriesChart";
import { impacts, shares } from "./why";

const MOST_EARLIER = 12; // vintages to choose from

export function ItemPage({ query, current }: { query: URLSearchParams; current: string | null }) {
  const key = query.get("key") ?? "";
  const chosen = query.get("vintage");
  const asked = useAskedOfNewest<Series>("series", { key, vintage: chosen }, chosen === null ? current : null);
  const series = asked.value && JSON.stringify(asked.value.key) === JSON.stringify(parsed(key)) ? asked.value : null;
  useEffect(() => {
    document.title = `${title(parsed(key))} · Stepcast`;
  }, [key]);
  if (asked.error) return <Failed error={asked.error} again={asked.again} />;
  if (!series) return <Loading what="Reading the item" />;
  return <Item key={`${series.vintage} ${key}`} series={series} query={query} />;
}

function parsed(key: string): string[] {
  try {
    const given = JSON.parse(key) as unknown;
    return Array.isArray(given) ? given.map(String) : [];
  } catch {
    return [];
  }
}

function Item({ series, query }: { series: Series; query: URLSearchParams }) {
  const backtest = query.get("backtest") !== "0";
  const table = query.get("view") === "table";
  const overlaid = (query.get("over") ?? "").split(",").filter(Boolean);
  const earlier = useEarlier(series, overlaid);
  const data = useMemo(() => chartData(series, earlier.found, backtest), [series, earlier.found, backtest]);
  const home = useMemo(() => nearForecast(series), [series]);
  const axis = useMemo(() => new Axis(), [series]);
  const range = rangeOf(query) ?? home;
  const setRange = ([from, to]: Range) => keepInQuery({ from: String(Math.round(from)), to: String(Math.round(to)) });
  const { summary } = series;
  const quantiles = pairs(series.outputs)[0];
  const promised = quantiles ? (Number(quantiles[1].slice(1)) - Number(quantiles[0].slice(1))) / 100 : null;
  const whole: Range = [data.t[0]!, data.t[data.t.length - 1]!];
  return (
    <div class="page">
      <div class="head item">
        <p class="crumb"><a href={address("forecasts")}>Forecasts</a></p>
        <h1>{title(series.key)}</h1>
        <dl class="figures">
          <Figure name="Volume" value={value(summary.volume)} hint={`Sum of ${series.central} over the horizon`} />
          <Figure name="wQL" value={value(summary.error)} hint="Average weighted quantile loss in the backtest: lower is better" />
          <Figure name="vs naive" value={summary.ratio == null ? "–" : `${summary.ratio.toFixed(2)}×`} tone={summary.ratio != null && summary.ratio > 1 ? "bad" : undefined} hint="That loss relative to repeating the last season: below 1 is better" />
          <Figure name="Coverage" value={percent(summary.coverage)} hint={promised == null ? undefined : `Share of outcomes in the backtest between ${quantiles!.join(" and ")}; ideally ${percent(promised)}`} />
          <Figure name="Change" value={change(summary.change)} hint="Mean forecast of a period compared with the previous vintage" />
        </dl>
      </div>
      <div class="panel">
        <div class="tools">
          <div class="segmented" role="group" aria-label="View">
            <button aria-pressed={!table} onClick={() => keepInQuery({ view: null })}>Chart</button>
            <button aria-pressed={table} onClick={() => keepInQuery({ view: "table" })}>Table</button>
          </div>
          {!table && (
            <>
              <div class="segmented" role="group" aria-label="Range">
                <button onClick={() => keepInQuery({ from: null, to: null })} aria-pressed={!query.has("from")}>Forecast</button>
                <button onClick={() => setRange(whole)} aria-pressed={range[0] <= whole[0] && range[1] >= whole[1]}>All</button>
              </div>
              {series.windows.length > 0 && (
                <label class="check"><input type="checkbox" checked={backtest} onChange={(event) => keepInQuery({ backtest: event.currentTarget.checked ? null : "0" })} /> Backtest</label>
              )}
              {series.earlier.length > 0 && <EarlierMenu series={series} overlaid={overlaid} />}
            </>
          )}
          <span class="space" />
          <a class="button" href={apiAddress("series.csv", { key: JSON.stringify(series.key), vintage: series.vintage })} download>Download CSV</a>
          <CopyLink />
        </div>
        {earlier.problem && <p class="note bad" role="alert">{earlier.problem}</p>}
        {series.history === null && <p class="note">The history is no longer kept: params.json asks for it to be deleted, or the vintage is not the newest.</p>}
        {table ? (
          <ValueTable series={series} />
        ) : (
          <>
            <SeriesChart data={data} frequency={series.frequency} range={range} onRange={setRange} home={home} axis={axis} />
            {series.related.map((one) => <RelatedChart key={one.name} related={one} frequency={series.frequency} axis={axis} />)}
            <Legend series={series} backtest={backtest && series.windows.length > 0} earlier={overlaid.length > 0} />
          </>
        )}
      </div>
      <div class="columns">
        <Why series={series} />
        {series.by_lead.length > 0 && (
          <section class="panel">
            <h2>By lead time</h2>
            <p class="sub">
              {plural(series.windows.length, "backtest window")} of {plural(series.by_lead.length, period(series.frequency))}. Mean absolute error of {series.central}
              {quantiles && promised != null && `, and the share of outcomes between ${quantiles.join(" and ")}; ideally ${percent(promised)}`}.
            </p>
            <LeadChart name="Mean absolute error" leads={series.by_lead.map((row) => row.lead)} values={series.by_lead.map((row) => row.error)} unit={period(series.frequency, 2)} />
            {quantiles && <LeadChart name="Share inside" leads={series.by_lead.map((row) => row.lead)} values={series.by_lead.map((row) => row.inside)} unit={period(series.frequency, 2)} share promised={promised} />}
          </section>
        )}
      </div>
    </div>
  );
}

export function rangeOf(query: URLSearchParams): Range | null {
  const [from, to] = [Number(query.get("from") ?? NaN), Number(query.get("to") ?? NaN)];
  return Number.isFinite(from) && Number.isFinite(to) && from < to ? [from, to] : null;
}

function useEarlier(series: Series, overlaid: string[]): { found: Earlier[]; problem: string } {
  const [state, setState] = useState<{ found: Earlier[]; problem: string }>({ found: [], problem: "" });
  const kept = useRef(new Map<string, Earlier>());
  useEffect(() => {
    let over = false;
    const read = async () => {
      const found: Earlier[] = [];
      let problem = "";
      for (const name of overlaid) {
        try {
          if (!kept.current.has(name)) kept.current.set(name, await get<Earlier>("earlier", { key: JSON.stringify(series.key), vintage: name }));
          found.push(kept.current.get(name)!);
        } catch (error) {
          problem = (error as Error).message;
        }
      }
      if (!over) setState({ found, problem });
    };
    void read();
    return () => {
      over = true;
    };
  }, [series, overlaid.join()]);
  return state;
}

function EarlierMenu({ series, overlaid }: { series: Series; overlaid: string[] }) {
  const toggle = (name: string) => keepInQuery({ over: (overlaid.includes(name) ? overlaid.filter((one) => one !== name) : [...overlaid, name]).join(",") });
  const shown = series.earlier.slice(0, MOST_EARLIER);
  return (
    <details class="menu" onKeyDown={(event) => event.key === "Escape" && event.currentTarget.removeAttribute("open")}>
      <summary>Earlier vintages{overlaid.length > 0 && ` (${overlaid.length})`}</summary>
      <div class="items">
        {shown.map((name) => (
          <label key={name} class="check"><input type="checkbox" checked={overlaid.includes(name)} onChange={() => toggle(name)} /> {vintage(name)}</label>
        ))}
        {series.earlier.length > shown.length && <p class="sub">{series.earlier.length - shown.length} older ones are in forecast_history.</p>}
      </div>
    </details>
  );
}

function Legend({ series, backtest, earlier }: { series: Series; backtest: boolean; earlier: boolean }) {
  const ranges = pairs(series.outputs).map((pair) => pair.join("–")).join(", ");
  return (
    <ul class="legend">
      {series.history && <li class="ink"><i />{series.target}</li>}
      <li class="accent"><i />Forecast {series.central}{ranges && `, ${ranges}`}</li>
      {backtest && <li class="amber"><i />Backtest</li>}
      {earlier && <li class="violet"><i />Earlier vintages</li>}
      {series.history && series.history.filled.length > 0 && <li class="muted"><i class="dot" />Filled, not observed</li>}
      <li class="hint">Drag to move, scroll to zoom, double-click to go back</li>
    </ul>
  );
}

function Why({ series }: { series: Series }) {
  const { why } = series;
  const members = shares(why.weights);
  const sources = shares(why.sources);
  const seasons = typeof why.seasons === "string" ? why.seasons.split(", ").map(Number) : [];
  const most = members[0]?.share ?? 1;
  return (
    <section class="panel">
      <h2>Why this forecast</h2>
      <dl class="facts">
        <dt>Model</dt><dd>{why.model}</dd>
        {seasons.length > 0 && (<><dt>Seasons</dt><dd>{seasons.map((one) => plural(one, period(series.frequency))).join(", ")}</dd></>)}
        {why.wql != null && why.wql_seasonal_naive != null && (
          <><dt>Backtest</dt><dd>wQL {value(why.wql as number)}, {value(why.wql_seasonal_naive as number)} for repeating the last season</dd></>
        )}
        {sources.length > 0 && (<><dt>Spread</dt><dd>{sources.map((one) => `${one.name} ${percent(one.share)}`).join(", ")}</dd></>)}
        {why.impacts && (
          <><dt>Moved by</dt><dd title="Mean change over the horizon; − where more of it lowers the forecast">{impacts(why.impacts)}</dd></>
        )}
        {why.note && (<><dt>Note</dt><dd>{why.note}</dd></>)}
      </dl>
      {members.length > 0 && (
        <table class="bars">
          <caption>Members of the ensemble, by how well each would have forecast the past</caption>
          <tbody>
            {members.map((one) => (
              <tr key={one.name}>
                <th scope="row" title={one.name}>{one.words}</th>
                <td class="bar"><span style={{ width: `${(100 * one.share) / most}%` }} /></td>
                <td class="number">{percent(one.share)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function ValueTable({ series }: { series: Series }) {
  const rows = series.forecast.t;
  return (
    <div class="tablebox" tabIndex={0} role="region" aria-label="Values">
      <table class="values">
        <thead>
          <tr><th scope="col">{period(series.frequency)}</th>{series.outputs.map((name) => <th key={name} scope="col" class="number">{name}</th>)}</tr>
        </thead>
        <tbody>
          {rows.map((t, index) => (
            <tr key={t}><th scope="row">{moment(t, series.frequency)}</th>{series.outputs.map((name) => <td key={name} class="number">{value(series.forecast.outputs[name]![index])}</td>)}</tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
