/** Two runs side by side: what was asked, what they were made of, how good they are, what they say. */
import { useEffect } from "preact/hooks";
import { useAsked, type Compared, type ComparedItem } from "../api";
import { itemAddress } from "../forecasts/Items";
import { change, plural, short, title, value, vintage } from "../format";
import { address } from "../router";
import { CopyLink, Failed, Loading } from "../widgets";

type Row = [string, string, string];

export function ComparePage({ query }: { query: URLSearchParams }) {
  const asked = useAsked<Compared>("comparison", { before: query.get("before"), after: query.get("after") });
  useEffect(() => {
    document.title = "Runs compared · Stepcast";
  }, []);
  if (asked.error) return <Failed error={asked.error} again={asked.again} />;
  if (!asked.value) return <Loading what="Reading both forecasts" />;
  const { runs, facts, params, files, accuracy, items, mean, moved, errors } = asked.value;
  const [before, after] = runs;
  const numbers = accuracy.map(([name, one, other]): Row => [name, value(one), value(other)]);
  return (
    <div class="page compare">
      <div class="head">
        <p class="crumb"><a href={address("runs")}>Runs</a></p>
        <h1>Two runs compared</h1>
        <p class="sub">
          <a href={address(`runs/${before.name}`)}><code>{short(before.name)}</code></a>, vintage {vintage(before.vintage)}, and{" "}
          <a href={address(`runs/${after.name}`)}><code>{short(after.name)}</code></a>, vintage {vintage(after.vintage)}
        </p>
        <div class="tools"><CopyLink /></div>
      </div>
      <div class="columns">
        <div>
          <Panel name="Forecast" rows={[...facts, ["Mean of a period, all items", value(mean[0]), value(mean[1])]]} />
          <Panel name="params.json" rows={params} none="Both were made with the same params.json." />
          <Panel name="Files" rows={files} none="Both were made of the same files." />
        </div>
        <div>
          <Panel name="Accuracy in the backtest" rows={numbers} none="Neither could be backtested." />
          <section class="panel">
            <h2>Items</h2>
            <p class="sub">
              {plural(items.both, "item")} in both, {items.new} new, {items.gone} gone. The wQL is lower for {items.better} and higher for {items.worse}.
            </p>
            <Items name="Whose forecast moved most" rows={moved} what="Mean of a period" />
            <Items name="Whose error changed most, by volume" rows={errors} what="wQL" />
          </section>
        </div>
      </div>
    </div>
  );
}

function Panel({ name, rows, none }: { name: string; rows: Row[]; none?: string }) {
  return (
    <section class="panel">
      <h2>{name}</h2>
      {rows.length === 0 ? (
        <p class="note">{none}</p>
      ) : (
        <div class="tablebox" tabIndex={0} role="region" aria-label={name}>
          <table class="compared">
            <thead><tr><td /><th scope="col">Before</th><th scope="col">After</th></tr></thead>
            <tbody>
              {rows.map(([what, one, other]) => (
                <tr key={what} class={one === other ? "" : "differs"}><th scope="row">{what}</th><td>{one}</td><td>{other}</td></tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Items({ name, rows, what }: { name: string; rows: ComparedItem[]; what: string }) {
  if (rows.length === 0) return null;
  return (
    <div class="tablebox" tabIndex={0} role="region" aria-label={name}>
      <table class="compared">
        <caption class="sub">{name}</caption>
        <thead><tr><th scope="col">Item</th><th scope="col" class="number">{what} before</th><th scope="col" class="number">After</th><th scope="col" class="number">Change</th></tr></thead>
        <tbody>
          {rows.map((row) => (
            <tr key={title(row.key)}>
              <th scope="row"><a href={itemAddress(row.key)}>{title(row.key)}</a></th>
              <td class="number">{value(row.before)}</td>
              <td class="number">{value(row.after)}</td>
              <td class="number">{change(row.before ? (row.after! - row.before) / Math.abs(row.before) : null)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
