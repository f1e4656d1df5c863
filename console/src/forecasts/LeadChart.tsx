/** A small chart of one figure by lead time. */
import { percent, value } from "../format";

interface Props {
  name: string;
  leads: number[];
  values: (number | null)[];
  unit: string;
  share?: boolean;
  promised?: number | null;
}

const [WIDTH, HEIGHT] = [480, 84];

export function LeadChart({ name, leads, values, unit, share = false, promised = null }: Props) {
  const top = share ? 1 : Math.max(...values.map((one) => one ?? 0), 0) || 1;
  const step = WIDTH / leads.length;
  const shown = (one: number | null) => (share ? percent(one) : value(one));
  return (
    <figure class="lead">
      <figcaption>{name}<span class="number">{share ? "100%" : value(top)}</span></figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={`${name} by lead time, from ${shown(values[0] ?? null)} to ${shown(values[values.length - 1] ?? null)}`}>
        {values.map((one, index) =>
          one == null ? null : (
            <rect key={index} x={index * step + step * 0.1} width={step * 0.8} y={HEIGHT - (one / top) * HEIGHT} height={(one / top) * HEIGHT}>
              <title>{`${leads[index]} ${unit} ahead: ${shown(one)}`}</title>
            </rect>
          ),
        )}
        {promised != null && <line x1="0" x2={WIDTH} y1={HEIGHT * (1 - promised)} y2={HEIGHT * (1 - promised)} />}
      </svg>
      <div class="scale"><span>1</span><span>{leads.length} {unit} ahead</span></div>
    </figure>
  );
}
