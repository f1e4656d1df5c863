/** Totals: the sum of the items that a search finds, by the values of an attribute. */
import { useEffect, useMemo } from "preact/hooks";
import { useAskedOfNewest, type Groups, type Total } from "../api";
import { moment, period, plural, value } from "../format";
import { address, keepInQuery } from "../router";
import { CopyLink, Failed, Loading } from "../widgets";
import { chartData, nearForecast, pairs } from "./chartData";
import { rangeOf } from "./ItemPage";
import { SeriesChart, type Range } from "./SeriesChart";

export function TotalsPage({ query, current }: { query: URLSearchParams; current: string | null }) {
  const [search, by, chosen] = [query.get("search") ?? "", query.get("by") ?? "", query.get("value")];
  const vintage = query.get("vintage");
  const newest = vintage === null ? current : null;
  const groups = useAskedOfNewest<Groups>("totals", { search, by, vintage }, newest);
  const total = useAskedOfNewest<Total>("total", { search, by: chosen === null ? "" : by, value: chosen === null ? null : JSON.stringify(chosen), vintage }, newest);
  useEffect(() => {
    document.title = "Totals · Stepcast";
  }, []);
  if (groups.error) return <Failed error={groups.error} again={groups.again} />;
  if (!groups.value) return <Loading what="Adding up" />;
  const { attributes, items, volume, groups: rows, total: many } = groups.value;
  return (
    <div class="page totals">
      <div class="head">
        <p class="crumb"><a href={address("forecasts", { search })}>Forecasts</a></p>
        <h1>Totals</h1>
        <p class="sub">{plural(items, "item")}{search && <> with {JSON.stringify(search)} in their names</>} · volume {value(volume)}</p>
        <div class="tools">
          <input type="search" placeholder="Search items" aria-label="Search items" value={search} onInput={(event) => keepInQuery({ search: event.currentTarget.value })} />
          {attributes.length > 0 && (
            <label class="check">
              Group by{" "}
              <select aria-label="Group by" value={by} onChange={(event) => keepInQuery({ by: event.currentTarget.value, value: null })}>
                <option value="">nothing</option>
                {attributes.map((name) => <option key={name} value={name}>{name}</option>)}
              </select>
            </label>
          )}
          <span class="space" />
          <CopyLink />
        </div>
      </div>
      <div class={rows.length > 0 ? "grouped" : ""}>
        {rows.length > 0 && (
          <section class="panel">
            <div class="tablebox" tabIndex={0} role="region" aria-label={`By ${by}`}>
              <table class="runs">
                <thead><tr><th scope="col">{by}</th><th scope="col" class="number">Items</th><th scope="col" class="number">Volume</th></tr></thead>
                <tbody>
                  <tr class={chosen === null ? "chosen" : ""}><th scope="row"><button class="cover quiet" aria-pressed={chosen === null} onClick={() => keepInQuery({ value: null })}>All</button></th><td class="number">{items.toLocaleString("en")}</td><td class="number">{value(volume)}</td></tr>
                  {rows.map((row) => (
                    <tr key={row.value} class={chosen === row.value ? "chosen" : ""}>
                      <th scope="row"><button class="cover quiet" aria-pressed={chosen === row.value} onClick={() => keepInQuery({ value: row.value }, ["value"])}>{row.value || "without one"}</button></th>
                      <td class="number">{row.items.toLocaleString("en")}</td>
                      <td class="number">{value(row.volume)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
              {many > rows.length && <p class="sub">The {rows.length} largest of {many.toLocaleString("en")}.</p>}
            </div>
          </section>
        )}
        {total.error ? <Failed error={total.error} /> : total.value ? <Sum key={total.answers} total={total.value} query={query} name={chosen === null ? "All" : chosen || "without one"} /> : <Loading what={`Adding up ${plural(items, "item")}`} />}
      </div>
    </div>
  );
}

function Sum({ total, query, name }: { total: Total; query: URLSearchParams; name: string }) {
  const data = useMemo(() => chartData(total, [], false), [total]);
  const home = useMemo(() => nearForecast(total), [total]);
  const range = rangeOf(query) ?? home;
  const setRange = ([from, to]: Range) => keepInQuery({ from: String(Math.round(from)), to: String(Math.round(to)) });
  const table = query.get("view") === "table";
  const ranges = pairs(total.outputs).map(([low, high]) => `${low} to ${high}`).join(", ");
  return (
    <section class="panel" aria-label="Total">
      <h2>{name} <span class="sub">{plural(total.items, "item")} · volume {value(total.volume)}</span></h2>
      <div class="tools">
        <div class="segmented" role="group" aria-label="View">
          <button aria-pressed={!table} onClick={() => keepInQuery({ view: null })}>Chart</button>
          <button aria-pressed={table} onClick={() => keepInQuery({ view: "table" })}>Table</button>
        </div>
      </div>
      {table ? (
        <div class="tablebox" tabIndex={0} role="region" aria-label="Values">
          <table class="values">
            <thead><tr><th scope="col">{period(total.frequency)}</th>{total.outputs.map((one) => <th key={one} scope="col" class="number">{approximate(total, one)}</th>)}</tr></thead>
            <tbody>
              {total.forecast.t.map((t, index) => (
                <tr key={t}><th scope="row">{moment(t, total.frequency)}</th>{total.outputs.map((one) => <td key={one} class="number">{value(total.forecast.outputs[one]![index])}</td>)}</tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : (
        <>
          <SeriesChart data={data} frequency={total.frequency} range={range} onRange={setRange} home={home} />
          <ul class="legend">
            {total.history && <li class="ink"><i />{total.target}</li>}
            <li class="accent"><i />{total.central}{ranges && `, ${ranges}`}{total.items > 1 && ", approximate"}</li>
            <li class="hint">Drag to move, scroll to zoom, double-click to go back</li>
          </ul>
        </>
      )}
      {total.items > 1 && (
        <p class="note">
          The quantiles of a sum depend on whether the items err together, so they are approximate.{" "}
          {total.correlation === null
            ? "No backtest says how far they do: they are shown as if all erred together, which is the widest range."
            : `In the backtest, the correlation of their errors is ${total.correlation.toFixed(2)}; 0 would be independent, 1 all together.`}{" "}
          {total.central} is the sum of each item's {total.central}.
        </p>
      )}
      {total.history === null && <p class="note">The history is no longer kept: params.json asks for it to be deleted, or the vintage is not the newest.</p>}
    </section>
  );
}

function approximate(total: Total, output: string): string {
  return total.items > 1 && output !== "mean" ? `${output}, approx.` : output;
}
