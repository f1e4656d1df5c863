/** The chart of a series: drag to move, turn the wheel to zoom, double-click to go back. */
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { moment, MONTHS, value } from "../format";
import { color, onTheme } from "../theme";
import type { ChartData, Layer } from "./chartData";

export type Range = [number, number];

/** The range that charts below each other share while one of them is moved. */
export class Axis {
  private readonly listeners = new Set<(range: Range) => void>();
  range: Range | null = null;
  move(range: Range): void {
    this.range = range;
    for (const listener of this.listeners) listener(range);
  }
  follow(listener: (range: Range) => void): () => void {
    this.listeners.add(listener);
    if (this.range) listener(this.range);
    return () => void this.listeners.delete(listener);
  }
}

interface Props {
  data: ChartData;
  frequency: string;
  range: Range;
  /** Called with where the view is whenever it has come to rest. */
  onRange: (range: Range) => void;
  home: Range;
  axis?: Axis;
}

const LINES: Record<Layer["kind"], { stroke: string; width: number; dash?: number[] }> = {
  history: { stroke: "ink", width: 1.25 },
  filled: { stroke: "muted", width: 0 },
  forecast: { stroke: "accent", width: 2 },
  backtest: { stroke: "amber", width: 1.5, dash: [5, 3] },
  earlier: { stroke: "violet", width: 1.5, dash: [2, 3] },
};

function faded(name: string, depth: number): string {
  return `color-mix(in srgb, ${color(name)} ${18 + 14 * depth}%, transparent)`;
}

export function SeriesChart({ data, frequency, range, onRange, home, axis }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const readout = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef({ range, onRange, home });
  latest.current = { range, onRange, home };

  useEffect(() => {
    const element = box.current!;
    const chart = new uPlot(
      options(element, data, (u) => describe(u, data, frequency, readout.current)),
      [data.t, ...data.layers.map((layer) => layer.values)] as uPlot.AlignedData,
      element,
    );
    plot.current = chart;
    if (axis) (chart.hooks.setScale ??= []).push((u, name) => name === "x" && axis.move([u.scales.x!.min!, u.scales.x!.max!]));
    chart.setScale("x", { min: latest.current.range[0], max: latest.current.range[1] });
    const stopMoving = moving(chart, data, () => latest.current);
    const watch = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: element.clientHeight }));
    watch.observe(element);
    const themed = onTheme(() => chart.redraw(false, true));
    return () => {
      stopMoving();
      watch.disconnect();
      themed();
      chart.destroy();
      plot.current = null;
    };
  }, [data]);

  useEffect(() => {
    const chart = plot.current;
    if (chart && (chart.scales.x!.min !== range[0] || chart.scales.x!.max !== range[1])) chart.setScale("x", { min: range[0], max: range[1] });
  }, [range[0], range[1]]);

  return (
    <div class="chart">
      <div class="readout" ref={readout} aria-hidden="true" />
      <div
        class="plot"
        ref={box}
        role="img"
        tabIndex={0}
        aria-label="History and forecast. The table view has the values. Arrow keys move, plus and minus zoom, 0 goes back."
      />
    </div>
  );
}

/** The look of an axis, and where the ticks of time are. */
export function axes(): [uPlot.Axis, uPlot.Axis] {
  const axis: uPlot.Axis = {
    stroke: () => color("muted"),
    font: "11px system-ui, sans-serif",
    grid: { stroke: () => color("line"), width: 1 },
    ticks: { stroke: () => color("line"), width: 1, size: 4 },
  };
  return [
    { ...axis, space: 78, values: (_u, ticks, _axis, _space, step) => ticks.map((tick, index) => tickText(tick, index, step)) },
    { ...axis, size: 58, space: 36, values: (_u, ticks) => ticks.map((tick) => compact(tick)) },
  ];
}

/** Alike in every chart, so that those below each other have one axis of time. */
export const PADDING: uPlot.Padding = [null, 24, null, null];

export const inUtc = (seconds: number): Date => uPlot.tzDate(new Date(seconds * 1000), "UTC");

function options(element: HTMLElement, data: ChartData, onCursor: (u: uPlot) => void): uPlot.Options {
  const series: uPlot.Series[] = [{}];
  const bands: uPlot.Band[] = [];
  data.layers.forEach((layer, index) => {
    const line = LINES[layer.kind];
    if (layer.edge) {
      series.push({ stroke: "transparent", width: 0, points: { show: false } });
      if (layer.edge === "low") bands.push({ series: [index, index + 1], fill: () => faded(line.stroke, layer.depth ?? 0) });
    } else if (layer.kind === "filled") {
      series.push({ stroke: () => color(line.stroke), width: 0, paths: () => null, points: { show: true, size: 3, width: 1, space: 0, fill: () => color("ground") } });
    } else {
      series.push({ stroke: () => color(line.stroke), width: line.width, dash: line.dash, points: { show: false } });
    }
  });
  return {
    width: element.clientWidth,
    height: element.clientHeight,
    series,
    bands,
    tzDate: inUtc,
    scales: { x: { time: true }, y: { range: (_u, low, high) => bounds(low, high) } },
    axes: axes(),
    padding: PADDING,
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { show: false }, y: false },
    hooks: {
      setCursor: [onCursor],
      drawClear: [
        (u) => {
          const [from, to] = u.series[0]!.idxs ?? [0, 0];
          const dense = to - from > u.over.clientWidth;
          // Without a GPU, a line of more than one pixel of the screen takes ten times as long to draw.
          data.layers.forEach((layer, index) => {
            if (layer.kind === "history") u.series[index + 1]!.width = dense ? 1 / devicePixelRatio : LINES.history.width;
          });
          const first = data.layers.find((layer) => layer.kind === "forecast")?.values.findIndex((v) => v !== null) ?? -1;
          if (first < 0) return;
          const x = u.valToPos(data.t[first]!, "x", true);
          if (x < u.bbox.left || x > u.bbox.left + u.bbox.width) return;
          u.ctx.save();
          u.ctx.strokeStyle = color("line-strong");
          u.ctx.setLineDash([4, 4]);
          u.ctx.beginPath();
          u.ctx.moveTo(x, u.bbox.top);
          u.ctx.lineTo(x, u.bbox.top + u.bbox.height);
          u.ctx.stroke();
          u.ctx.restore();
        },
      ],
    },
  };
}

/** 09:00, 1 Jul, Jul or 2025, as fine as the ticks are; what is coarser stands below where it changes. */
function tickText(tick: number, index: number, step: number): string {
  const at = new Date(tick * 1000);
  const [year, month, day, hour] = [at.getUTCFullYear(), MONTHS[at.getUTCMonth()]!, at.getUTCDate(), at.getUTCHours()];
  const clock = `${String(hour).padStart(2, "0")}:${String(at.getUTCMinutes()).padStart(2, "0")}`;
  if (step < 86400) return index === 0 || (hour === 0 && at.getUTCMinutes() === 0) ? `${clock}\n${day} ${month} ${index === 0 ? year : ""}` : clock;
  if (step < 27 * 86400) return index === 0 || (day === 1 && at.getUTCMonth() === 0) ? `${day} ${month}\n${year}` : `${day} ${month}`;
  if (step < 360 * 86400) return index === 0 || at.getUTCMonth() === 0 ? `${month}\n${year}` : month;
  return String(year);
}

export function bounds(low: number | null, high: number | null): [number, number] {
  if (low == null || high == null) return [0, 1];
  const pad = (high - low || Math.abs(high) || 1) * 0.06;
  return [low >= 0 && low - pad < 0 ? 0 : low - pad, high + pad];
}

function compact(tick: number): string {
  const size = Math.abs(tick);
  if (size >= 1e9) return `${+(tick / 1e9).toPrecision(4)}G`;
  if (size >= 1e6) return `${+(tick / 1e6).toPrecision(4)}M`;
  if (size >= 1e4) return `${+(tick / 1e3).toPrecision(4)}k`;
  return String(+tick.toPrecision(6));
}

/** The values under the pointer, as text above the chart. */
function describe(u: uPlot, data: ChartData, frequency: string, target: HTMLElement | null): void {
  if (!target) return;
  const index = u.cursor.idx;
  if (index == null) {
    target.textContent = "";
    return;
  }
  const parts = data.layers
    .map((layer) => [layer.label, layer.values[index], layer] as const)
    .filter(([, number, layer]) => number != null && layer.kind !== "filled")
    .reverse()
    .map(([label, number]) => `${label} ${value(number)}`);
  target.textContent = [moment(data.t[index]!, frequency), ...parts].join("    ");
}

/** Pan and zoom. Positions are applied once a frame, however many events arrive. */
function moving(chart: uPlot, data: ChartData, latest: () => { onRange: (range: Range) => void; home: Range }): () => void {
  const over = chart.over;
  const [first, last] = [data.t[0] ?? 0, data.t[data.t.length - 1] ?? 1];
  const step = data.t.length > 1 ? (last - first) / (data.t.length - 1) : 1;
  let frame = 0;
  let wanted: Range | null = null;
  let rest = 0;
  const go = (low: number, high: number) => {
    const most = (last - first) * 1.1 + step;
    const span = Math.min(Math.max(high - low, 5 * step), most);
    const slack = span * 0.5;
    const middle = Math.min(Math.max((low + high) / 2, first - slack + span / 2), last + slack - span / 2);
    wanted = [middle - span / 2, middle + span / 2];
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      if (wanted) chart.setScale("x", { min: wanted[0], max: wanted[1] });
    });
    clearTimeout(rest);
    rest = setTimeout(() => wanted && latest().onRange([Math.round(wanted[0]), Math.round(wanted[1])]), 250) as unknown as number;
  };
  const now = (): Range => wanted ?? [chart.scales.x!.min!, chart.scales.x!.max!];
  const zoom = (factor: number, around: number) => {
    const [low, high] = now();
    go(around - (around - low) * factor, around + (high - around) * factor);
  };
  const wheel = (event: WheelEvent) => {
    event.preventDefault();
    const [low, high] = now();
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      const by = (event.deltaX / over.clientWidth) * (high - low);
      go(low + by, high + by);
    } else {
      zoom(Math.exp(event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), low + (event.offsetX / over.clientWidth) * (high - low));
    }
  };
  let drag: { x: number; range: Range } | null = null;
  const down = (event: PointerEvent) => {
    if (event.button !== 0) return;
    drag = { x: event.clientX, range: now() };
    over.setPointerCapture(event.pointerId);
  };
  const move = (event: PointerEvent) => {
    if (!drag) return;
    const by = ((drag.x - event.clientX) / over.clientWidth) * (drag.range[1] - drag.range[0]);
    go(drag.range[0] + by, drag.range[1] + by);
  };
  const up = () => (drag = null);
  const back = () => go(...latest().home);
  const key = (event: KeyboardEvent) => {
    const [low, high] = now();
    const by = (high - low) / 8;
    if (event.key === "ArrowLeft") go(low - by, high - by);
    else if (event.key === "ArrowRight") go(low + by, high + by);
    else if (event.key === "+" || event.key === "=") zoom(0.7, (low + high) / 2);
    else if (event.key === "-") zoom(1 / 0.7, (low + high) / 2);
    else if (event.key === "0") back();
    else return;
    event.preventDefault();
  };
  over.addEventListener("wheel", wheel, { passive: false });
  over.addEventListener("pointerdown", down);
  over.addEventListener("pointermove", move);
  over.addEventListener("pointerup", up);
  over.addEventListener("pointercancel", up);
  over.addEventListener("dblclick", back);
  const host = chart.root.parentElement!;
  host.addEventListener("keydown", key);
  return () => {
    cancelAnimationFrame(frame);
    clearTimeout(rest);
    host.removeEventListener("keydown", key);
  };
}
