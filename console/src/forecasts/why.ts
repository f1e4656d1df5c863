/** The columns of the leaderboard in words. The methods are those of docs/how-to/query.md. */

import { percent } from "../format";

const PREFIXES: [string, string][] = [
  ["log_", "on logarithms"],
  ["calendar_", "without calendar effects"],
  ["related_", "without effects of related series and holidays"],
];

const METHODS: Record<string, string> = {
  naive: "Last value",
  drift: "Last value plus the recent slope",
  mean: "Recent mean",
  last_season: "Last season",
  mean_season: "Mean of the last four seasons",
  last_long_season: "Last long season",
  mean_long_season: "Mean of the last four long seasons",
  mean_of_years: "Mean of the last ten years",
  level: "Smoothed level",
  trend: "Smoothed level and damped trend",
  theta: "Theta method",
  season: "Smoothed level and season",
  trend_season: "Smoothed trend and season",
  theta_season: "Theta method with a season",
  long_season: "Smoothed level and long season",
  double_season: "Smoothed level and both seasons",
  multiplicative: "Smoothed level, season in proportion",
  trend_multiplicative: "Smoothed trend, season in proportion",
  long_multiplicative: "Smoothed level, long season in proportion",
  trend_ar: "Smoothed trend, autocorrelated errors",
  season_ar: "Smoothed season, autocorrelated errors",
  double_season_ar: "Both seasons, autocorrelated errors",
  season_slow: "Season, slowly changing level",
  double_season_slow: "Both seasons, slowly changing level",
  tsb: "Intermittent demand (Teunter-Syntetos-Babai)",
  sba: "Intermittent demand (Syntetos-Boylan)",
  ridge: "Regression on the latest values, fitted to all series",
};

export interface Share {
  name: string;
  words: string;
  share: number;
}

/** `log_ridge 0.41, theta 0.2` as its parts, the largest first. */
export function shares(text: string | number | null | undefined): Share[] {
  if (typeof text !== "string") return [];
  return text
    .split(", ")
    .map((part) => {
      const at = part.lastIndexOf(" ");
      const name = part.slice(0, at);
      return { name, words: inWords(name), share: Number(part.slice(at + 1)) };
    })
    .filter((part) => Number.isFinite(part.share))
    .sort((a, b) => b.share - a.share);
}

// "promotion 0.16, price -0.05": what moves the forecast by how much, the farthest first.
export function impacts(text: string | number | null | undefined): string {
  return shares(text)
    .map((one) => ({ ...one, size: Math.abs(one.share) }))
    .sort((a, b) => b.size - a.size)
    .map((one) => `${one.name} ${one.share < 0 ? "−" : "+"}${percent(one.size)}`)
    .join(", ");
}

export function inWords(name: string): string {
  const prefix = PREFIXES.find(([text]) => name.startsWith(text));
  const method = METHODS[prefix ? name.slice(prefix[0].length) : name];
  if (!method) return name.charAt(0).toUpperCase() + name.slice(1);
  return prefix ? `${method}, ${prefix[1]}` : method;
}
