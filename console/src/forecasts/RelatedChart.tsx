/** A related series below the chart, on the same axis of time. */
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import type { Series } from "../api";
import { moment, value } from "../format";
import { color, onTheme } from "../theme";
import { axes, bounds, inUtc, PADDING, type Axis } from "./SeriesChart";

interface Props {
  related: Series["related"][number];
  frequency: string;
  axis: Axis;
}

const [steps, line] = [uPlot.paths.stepped!({ align: 1 }), uPlot.paths.linear!()];

/** Steps, or a line where there are more points than pixels: only a line is drawn with no more than there are pixels. */
const paths: uPlot.Series.PathBuilder = (u, series, from, to) => (to - from > u.over.clientWidth ? line : steps)(u, series, from, to);

export function RelatedChart({ related, frequency, axis }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const readout = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    const element = box.current!;
    const [time, values] = axes();
    const chart = new uPlot(
      {
        width: element.clientWidth,
        height: element.clientHeight,
        tzDate: inUtc,
        series: [{}, { stroke: () => color("green"), width: 1, paths, points: { show: false } }],
        scales: { x: { time: true }, y: { range: (_u, low, high) => bounds(low, high) } },
        axes: [{ ...time, show: false }, { ...values, space: 24 }],
        padding: PADDING,
        legend: { show: false },
        cursor: { drag: { x: false, y: false }, points: { show: false }, y: false },
        hooks: {
          drawClear: [
            (u) => {
              const [from, to] = u.series[0]!.idxs ?? [0, 0];
              u.series[1]!.width = to - from > u.over.clientWidth ? 1 / devicePixelRatio : 1.25; // as in the chart above
            },
          ],
          setCursor: [
            (u) => {
              const index = u.cursor.idx;
              if (readout.current) readout.current.textContent = index == null ? "" : `${moment(related.t[index]!, frequency)}    ${value(related.v[index])}`;
            },
          ],
        },
      },
      [related.t, related.v],
      element,
    );
    const unfollow = axis.follow(([min, max]) => chart.setScale("x", { min, max }));
    const watch = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: element.clientHeight }));
    watch.observe(element);
    const themed = onTheme(() => chart.redraw(false, true));
    return () => {
      unfollow();
      watch.disconnect();
      themed();
      chart.destroy();
    };
  }, [related]);
  const known = related.v.filter((one) => one != null);
  return (
    <figure class="related">
      <figcaption>{related.name} <span class="readout" ref={readout} aria-hidden="true" /></figcaption>
      <div class="plot" ref={box} role="img" aria-label={`${related.name}, a related series: ${known.length} values, the last ${value(known[known.length - 1])}`} />
    </figure>
  );
}
