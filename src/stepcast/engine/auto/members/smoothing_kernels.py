"""The inner loops, compiled: exponential smoothing of one series over many parameter candidates at once.

Every function takes values of about one in size. Candidates lie along the last axis, so that the compiler
keeps them in vector registers; a pass over a history costs little more for sixteen candidates than for one.
The compiled code is cached on disk next to this file and never depends on the data.
"""

import numpy as np

from stepcast.engine.auto.compiled import compiled
from stepcast.engine.auto.series.shrinkage import positive_part

__all__ = [
    "ADDITIVE",
    "CANDIDATES",
    "MULTIPLICATIVE",
    "NONE",
    "THETA",
    "seasonal_indices",
    "smooth",
    "starting_states",
]


NONE, ADDITIVE, MULTIPLICATIVE = 0, 1, 2  # the season of a form
THETA = 10  # in the place of a form's trend: the theta method on the seasonally adjusted series
CANDIDATES = 16
# Rows of a candidate matrix: smoothing of level, trend, season, second season; damping; AR(1) of residuals
LEVEL, TREND, SEASON, SECOND, DAMPING, AR1, PARAMETERS = 0, 1, 2, 3, 4, 5, 6
ROUNDS = 5  # the first two lay a grid, the others search around the best
TINY = 1e-6
SLOWEST_LEVEL = 0.08  # the highest smoothing of the level in a slow form


@compiled
def starting_states(y, n, trend, season, m, m2, level_slope, s, s2):  # type: ignore[no-untyped-def]
    """Initial states from the first cycles: level and slope, the seasonal indices into ``s`` and ``s2``."""
    s[:] = 1.0 if season == MULTIPLICATIVE else 0.0
    s2[:] = 0.0
    if season == NONE:
        q = min(n, 10)
        sx = sy = sxy = sxx = 0.0
        for i in range(q):
            sx += i
            sy += y[i]
            sxy += i * y[i]
            sxx += i * i
        d = q * sxx - sx * sx
        b = (q * sxy - sx * sy) / d if d > 0 and trend else 0.0
        level_slope[0] = (sy - b * sx) / q - b
        level_slope[1] = b
        return
    c = max(1, min(4, n // m))
    first = y[:m].mean()
    slope = (y[(c - 1) * m : c * m].mean() - first) / ((c - 1) * m) if c > 1 else 0.0
    for i in range(m):
        total = 0.0
        for j in range(c):
            level = first + slope * (j * m + i - (m - 1) * 0.5)
            if season == MULTIPLICATIVE:
                total += y[j * m + i] / max(level, TINY)
            else:
                total += y[j * m + i] - level
        s[i] = total / c
        if season == MULTIPLICATIVE:
            s[i] = max(s[i], 0.02)
    level_slope[0] = first - slope * (m + 1) * 0.5 if trend else first
    level_slope[1] = slope if trend else 0.0
    if m2 > 1:
        c = max(1, min(2, n // m2))
        for i in range(m2):
            for j in range(c):
                s2[i] += (y[j * m2 + i] - first - s[(j * m2 + i) % m]) / c
        mean = s2.mean()
        s2 -= mean
        level_slope[0] += mean


@compiled
def _losses(y, n, season, m, m2, ar1, level_slope, s0, s20, p, out):  # type: ignore[no-untyped-def]
    """Sum of squared one-step errors of every candidate in ``p`` (PARAMETERS, CANDIDATES), into ``out``."""
    size = p.shape[1]  # not a constant: the compiler would unroll the loops instead of using vectors
    level = np.full(size, np.float32(level_slope[0]), np.float32)
    slope = np.full(size, np.float32(level_slope[1]), np.float32)
    last = np.zeros(size, np.float32)
    loss = np.zeros(size, np.float32)
    base, u = np.empty(size, np.float32), np.empty(size, np.float32)
    s = np.empty((m, size), np.float32)
    s2 = np.empty((max(m2, 1), size), np.float32)
    for i in range(m):
        s[i, :] = s0[i]
    for i in range(max(m2, 1)):
        s2[i, :] = s20[i]
    a, b, g, g2, phi, ar = p[LEVEL], p[TREND], p[SEASON], p[SECOND], p[DAMPING], p[AR1]
    skip = min(max(m, m2, 2), n // 3)
    i = k = 0
    for t in range(n):
        v = y[t]
        if t == skip:
            loss[:] = 0
        if season == NONE:
            for c in range(size):
                here = level[c] + phi[c] * slope[c]
                shock = v - here - ar[c] * last[c]
                last[c] = shock + ar[c] * last[c]
                loss[c] += shock * shock
                level[c] = here + a[c] * shock
                slope[c] = phi[c] * slope[c] + b[c] * shock
        elif season == MULTIPLICATIVE:
            row = s[i]
            for c in range(size):
                here = level[c] + phi[c] * slope[c]
                shock = v - here * row[c]
                loss[c] += shock * shock
                q = shock / max(row[c], np.float32(0.01))
                level[c] = here + a[c] * q
                slope[c] = phi[c] * slope[c] + b[c] * q
                row[c] += g[c] * shock / max(here, np.float32(1e-3))
        else:
            # short loops over few arrays: the compiler can see that these do not overlap
            row = s[i]
            for c in range(size):
                base[c] = level[c] + phi[c] * slope[c]
                u[c] = v - base[c] - row[c]
            if m2 > 1:
                row2 = s2[k]
                for c in range(size):
                    u[c] -= row2[c]
            if ar1:
                for c in range(size):
                    u[c] -= ar[c] * last[c]
                    last[c] = u[c] + ar[c] * last[c]
            for c in range(size):
                loss[c] += u[c] * u[c]
                level[c] = base[c] + a[c] * u[c]
            for c in range(size):
                slope[c] = phi[c] * slope[c] + b[c] * u[c]
                row[c] += g[c] * u[c]
            if m2 > 1:
                row2 = s2[k]
                for c in range(size):
                    row2[c] += g2[c] * u[c]
        i += 1
        if i == m:
            i = 0
        k += 1
        if k >= m2:
            k = 0
    out[:] = loss


@compiled
def _run(y, season, m, m2, level_slope, s0, s20, p, origins, horizon, out):  # type: ignore[no-untyped-def]
    """One pass with one candidate ``p`` (PARAMETERS,): forecasts from every origin into ``out``."""
    level, slope, last = level_slope[0], level_slope[1], 0.0
    s, s2 = s0.copy(), s20.copy()
    a, b, g, g2, phi, ar = p[LEVEL], p[TREND], p[SEASON], p[SECOND], p[DAMPING], p[AR1]
    done = 0
    for t in range(origins[-1] + 1):
        while done < len(origins) and origins[done] == t:
            reach, damp, ar1 = 0.0, phi, ar * last
            for j in range(horizon):
                reach += damp
                damp *= phi
                f = level + reach * slope
                if season == MULTIPLICATIVE:
                    f *= s[(t + j) % m]
                else:
                    f += s[(t + j) % m] + s2[(t + j) % max(m2, 1)] + ar1
                ar1 *= ar
                out[done, j] = f
            done += 1
        if t == origins[-1]:
            break
        base = level + phi * slope
        i, k = t % m, t % max(m2, 1)
        if season == MULTIPLICATIVE:
            u = y[t] - base * s[i]
            q = u / max(s[i], 0.01)
            s[i] += g * u / max(base, 1e-3)
        else:
            u = y[t] - base - s[i] - s2[k] - ar * last
            last = u + ar * last
            q = u
            s[i] += g * u
            if m2 > 1:
                s2[k] += g2 * u
        level = base + a * q
        slope = phi * slope + b * q


@compiled
def _admissible(p, trend, season, m2, ar1, slow):  # type: ignore[no-untyped-def]
    """Clip every candidate into the region where its form is stable; what the form lacks is zero."""
    for c in range(p.shape[1]):
        p[LEVEL, c] = min(max(p[LEVEL, c], 0.0005), SLOWEST_LEVEL if slow else 0.9999)
        p[TREND, c] = min(max(p[TREND, c], 0.0), p[LEVEL, c]) if trend else 0.0
        p[SEASON, c] = min(max(p[SEASON, c], 0.0), 1 - p[LEVEL, c]) if season else 0.0
        p[SECOND, c] = min(max(p[SECOND, c], 0.0), 0.9) if m2 > 1 else 0.0
        p[DAMPING, c] = min(max(p[DAMPING, c], 0.7), 0.995) if trend else 0.0
        p[AR1, c] = min(max(p[AR1, c], -0.5), 0.98) if ar1 else 0.0


@compiled
def _search(y, n, form, level_slope, s0, s20, grid, noise, best):  # type: ignore[no-untyped-def]
    """The best parameters of a form on the first ``n`` points, into ``best``: a grid, then ever closer."""
    trend, season, m, m2, ar1, slow = form
    p = np.empty((PARAMETERS, CANDIDATES), np.float32)
    out = np.empty(CANDIDATES, np.float32)
    lowest = np.float32(np.inf)
    for r in range(ROUNDS):
        if r < 2:
            p[:] = grid[r]
        else:
            width = 0.28 * 0.45 ** (r - 2)
            for c in range(CANDIDATES):
                for q in range(PARAMETERS):
                    scale = best[q] * 1.2 + 0.03
                    if q == DAMPING:
                        scale = 0.25
                    elif q == AR1:
                        scale = 1.0
                    p[q, c] = best[q] + width * scale * noise[r - 2, q, c]
        _admissible(p, trend, season, m2, ar1, slow)
        _losses(y, n, season, m, m2, ar1, level_slope, s0, s20, p, out)
        for c in range(CANDIDATES):
            if out[c] < lowest:
                lowest = out[c]
                best[:] = p[:, c]
    if not np.isfinite(lowest):
        p[:] = grid[0]
        _admissible(p, trend, season, m2, ar1, slow)
        best[:] = p[:, 0]


@compiled
def seasonal_indices(y, n, m, multiplicative, index):  # type: ignore[no-untyped-def]
    """Classical decomposition with indices shrunk toward none (James-Stein; Miller and Williams 2003)."""
    half = m // 2
    count = np.zeros(m)
    centre = 1.0 if multiplicative else 0.0
    index[:] = 0.0
    ratios = np.empty(max(n - 2 * half, 0))
    for t in range(half, n - half):
        w = 0.0
        for j in range(-half, half + 1):
            w += y[t + j] * (0.5 if m % 2 == 0 and abs(j) == half else 1.0)
        w /= m
        ratios[t - half] = y[t] / max(w, TINY) if multiplicative else y[t] - w
        index[t % m] += ratios[t - half]
        count[t % m] += 1
    for i in range(m):
        index[i] = index[i] / count[i] if count[i] > 0 else centre
    if multiplicative:
        index /= max(index.mean(), TINY)
    else:
        index -= index.mean()
    between = ((index - centre) ** 2).sum() / max(m - 1, 1)
    within = 0.0
    for t in range(len(ratios)):
        within += (ratios[t] - index[(t + half) % m]) ** 2
    within /= max(len(ratios) - m, 1)
    strength = between * (len(ratios) / m) / (within + 1e-12)
    keep = positive_part(strength, (m - 3) / (m - 1) if m > 3 else 1.0)
    for i in range(m):
        index[i] = centre + keep * (index[i] - centre)
        if multiplicative:
            index[i] = max(index[i], 0.05)


@compiled
def _theta(y, n, season, m, origins, horizon, out):  # type: ignore[no-untyped-def]
    """The theta method (Assimakopoulos and Nikolopoulos 2000; Hyndman and Billah 2003): simple exponential
    smoothing with half the slope of a line through the history, on the seasonally adjusted series. Returns
    the smoothing parameter."""
    index = np.zeros(m)
    adjusted = y.copy()
    seasonal = season != NONE and n >= 2 * m
    if seasonal:
        seasonal_indices(y, n, m, season == MULTIPLICATIVE, index)
        for t in range(len(y)):
            adjusted[t] = y[t] / index[t % m] if season == MULTIPLICATIVE else y[t] - index[t % m]
    sx = sy = sxy = sxx = 0.0
    for t in range(n):
        sx += t
        sy += adjusted[t]
        sxy += t * adjusted[t]
        sxx += float(t) * t
    d = n * sxx - sx * sx
    drift = 0.5 * (n * sxy - sx * sy) / d if d > 0 else 0.0
    alphas = np.linspace(0.02, 1.0, 2 * CANDIDATES)
    level = np.full(2 * CANDIDATES, adjusted[0])
    loss = np.zeros(2 * CANDIDATES)
    for t in range(1, n):
        for c in range(2 * CANDIDATES):
            u = adjusted[t] - level[c] - drift
            loss[c] += u * u
            level[c] += drift + alphas[c] * u
    alpha = alphas[loss.argmin()]
    here = adjusted[0]
    sx = sy = sxy = sxx = 0.0
    done = 0
    for t in range(origins[-1] + 1):
        while done < len(origins) and origins[done] == t:
            d = t * sxx - sx * sx
            slope = 0.5 * (t * sxy - sx * sy) / d if d > 0 and t > 3 else 0.0
            for j in range(horizon):
                f = here + slope * (j + 1)
                if seasonal:
                    f = f * index[(t + j) % m] if season == MULTIPLICATIVE else f + index[(t + j) % m]
                out[done, j] = f
            done += 1
        if t == origins[-1]:
            break
        if t > 0:
            here += drift + alpha * (adjusted[t] - here - drift)
        sx += t
        sy += adjusted[t]
        sxy += t * adjusted[t]
        sxx += float(t) * t
    return alpha


@compiled
def smooth(y, fitted, forms, origins, horizon, grid, noise, parameters, out):  # type: ignore[no-untyped-def]
    """Fit every form to the first ``fitted`` points and forecast from every origin; where ``fitted`` is 0,
    ``parameters`` are given and all points may be seen.

    Shapes:  ``y`` (time,) float64; ``forms`` (forms, 6): trend 0, 1 or THETA; season; its length (1 without);
             the second season's length (0 without); 1 for AR(1) residuals; 1 for a slow level. ``origins``
             (origins,) rise; ``grid`` (2, PARAMETERS, CANDIDATES) and ``noise`` (ROUNDS - 2, ...) float32.
             Into ``parameters`` (forms, PARAMETERS) goes what was found, into ``out`` (forms, origins,
             horizon) the forecasts.
    """
    y32 = y.astype(np.float32)
    level_slope = np.zeros(2)
    best = np.empty(PARAMETERS, np.float32)
    for f in range(len(forms)):
        trend, season, m, m2 = forms[f][:4]
        if trend == THETA:
            parameters[f, LEVEL] = _theta(
                y, len(y) if fitted == 0 else fitted, season, m, origins, horizon, out[f]
            )
            continue
        s, s2 = np.empty(m), np.empty(max(m2, 1))
        starting_states(y, len(y) if fitted == 0 else fitted, trend, season, m, m2, level_slope, s, s2)
        if fitted > 0:
            _search(y32, fitted, forms[f], level_slope, s, s2, grid, noise, best)
            parameters[f] = best
        else:
            best[:] = parameters[f]
        _run(y, season, m, m2, level_slope, s, s2, best.astype(np.float64), origins, horizon, out[f])
