/** One series, its forecasts and backtests as aligned columns for uPlot. */
import type { Earlier, Outputs, Series } from "../api";

export type Column = (number | null)[];

export interface Layer {
  /** Which colour and words it has. */
  kind: "history" | "filled" | "forecast" | "backtest" | "earlier";
  label: string;
  values: Column;
  /** The two columns of a band, and how dark it is; undefined for a line. */
  edge?: "low" | "high";
  depth?: number;
}

export interface ChartData {
  t: number[];
  layers: Layer[];
}

/** The quantiles of the outputs in pairs around the middle, the outermost first: [[p10, p90], [p25, p75]]. */
export function pairs(outputs: string[]): [string, string][] {
  const quantiles = outputs.filter((name) => name !== "mean").sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)));
  const found: [string, string][] = [];
  for (let low = 0, high = quantiles.length - 1; low < high; low++, high--) found.push([quantiles[low]!, quantiles[high]!]);
  return found;
}

type Shown = Pick<Series, "forecast" | "history" | "windows" | "central" | "target">;

export function chartData(series: Shown, earlier: Earlier[], backtest: boolean): ChartData {
  const times = new Set<number>(series.forecast.t);
  for (const t of series.history?.t ?? []) times.add(t);
  for (const one of earlier) for (const t of one.t) times.add(t);
  if (backtest) for (const one of series.windows) for (const t of one.t) times.add(t);
  const t = [...times].sort((a, b) => a - b);
  const place = new Map(t.map((moment, index) => [moment, index]));
  const spread = (moments: number[], values: Column): Column => {
    const column: Column = new Array(t.length).fill(null);
    moments.forEach((moment, index) => (column[place.get(moment)!] = values[index] ?? null));
    return column;
  };
  const fan = (kind: Layer["kind"], name: string, moments: number[], outputs: Outputs, central: string): Layer[] => {
    const layers: Layer[] = [];
    pairs(Object.keys(outputs)).forEach(([low, high], depth) => {
      layers.push({ kind, label: `${name} ${high}`, values: spread(moments, outputs[high]!), edge: "high", depth });
      layers.push({ kind, label: `${name} ${low}`, values: spread(moments, outputs[low]!), edge: "low", depth });
    });
    if (outputs[central]) layers.push({ kind, label: `${name} ${central}`, values: spread(moments, outputs[central]!) });
    return layers;
  };
  const layers: Layer[] = [];
  for (const one of earlier) layers.push(...fan("earlier", one.vintage, one.t, one.outputs, one.central));
  if (backtest) series.windows.forEach((one, number) => layers.push(...fan("backtest", `Backtest ${number + 1}`, one.t, one.outputs, series.central)));
  layers.push(...fan("forecast", "Forecast", series.forecast.t, series.forecast.outputs, series.central));
  if (series.history) {
    const { t: moments, v, filled } = series.history;
    if (filled.length) layers.push({ kind: "filled", label: "Filled", values: spread(filled.map((n) => moments[n]!), filled.map((n) => v[n] ?? null)) });
    layers.push({ kind: "history", label: series.target, values: spread(moments, v) });
  }
  return { t, layers };
}

/** Where the chart begins: the forecast, and a few times as much before it. */
export function nearForecast(series: Pick<Series, "forecast">): [number, number] {
  const { t } = series.forecast;
  const span = t[t.length - 1]! - t[0]! || 1;
  return [t[0]! - 4 * span, t[t.length - 1]! + span * 0.04];
}
