"""Faults put into the kernels on purpose: a text in a source, and what a slip would make of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """One slip.

    Attributes
    ----------
    source : str
        Of which ``.cu`` file.
    text, slip : str
        What stands there, once; and what a careless hand might have written.
    """

    source: str
    text: str
    slip: str

    def __str__(self) -> str:
        text, slip = (" ".join(part.split()) for part in (self.text, self.slip))
        return f"{self.source}: {text} -> {slip or 'nothing'}"

    def apply(self, text: str) -> str:
        """Return a source with the slip in it."""
        assert text.count(self.text) == 1, f"{self.text!r} stands {text.count(self.text)} times"
        return text.replace(self.text, self.slip)


def of(source: str, *slips: tuple[str, str]) -> tuple[Mutant, ...]:
    return tuple(Mutant(source, text, slip) for text, slip in slips)


def without(line: str, text: str) -> tuple[str, str]:
    """Return the slip of leaving out a line."""
    return text, text.replace(line, "", 1)


BARRIER = "__syncthreads();"

FOLD = of(
    "fold",
    ("window % at.columns * at.stride_w", "window % at.columns * at.stride_h"),
    ("+ cell / run", "+ cell / at.kernel_h"),
    ("(y * at.width + x_start)", "(y * at.height + x_start)"),
    ("(i * at.kernel_w + j) * at.channels", "(i * at.kernel_h + j) * at.channels"),
    ("(row * at.columns + column) * depth", "(row * at.rows + column) * depth"),
    ("|| column >= at.columns", "|| column > at.columns"),
    ("|| row >= at.rows", ""),
    ("i < at.kernel_h && i <= y", "i < at.kernel_h && i < y"),
    ("++count;", "count += 2;"),
    ("covered[target] = count > 0", "covered[target] = count >= 0"),
    ("if (known && !known[first + entry]) return;", ""),
    ("const long long first = sample * patch_size", "const long long first = 0"),
)
POOL = of(
    "pool",
    ("value[u] > best[u] || value[u] != value[u]", "value[u] >= best[u] || value[u] != value[u]"),
    ("value[u] > best[u] || value[u] != value[u]", "value[u] > best[u]"),
    ("min(first + u, n - 1)", "min(first, n - 1)"),
    ("if (first + u >= n) continue;", "if (first + u > n) continue;"),
    ("x + j < at.width; ++j", "x + j <= at.width; ++j"),
    ("&& y + i < at.height", ""),
    ("channel, i * at.kernel_w + j", "channel, i * at.kernel_h + j"),
    ("column, i * at.kernel_w + j", "column, i * at.kernel_h + j"),
    ("if (choice && choice[first + window] != cell) return;", ""),
    ("if (known && !known[source]) return;", ""),
    ("cell[source] == here", "cell[source] >= here"),
    ("row >= at.rows) continue", "row > at.rows) continue"),
)
SCORES = of(
    "scores",
    without(BARRIER, "        }\n        __syncthreads();\n\n        T row_ahead"),
    without(BARRIER, "            store();\n            __syncthreads();"),
    without(BARRIER, "            __syncthreads();\n        }\n\n        T* target"),
    ("if (row >= rows_per_set) continue;", "if (row > rows_per_set) continue;"),
    ("if (k >= components) continue;", "if (k > components) continue;"),
    ("inside = exists && k", "inside = k"),
    ("const bool exists = dimension < depth;", "const bool exists = dimension <= depth;"),
    ("present ? __ldg(source) - middle", "present ? __ldg(source)"),
    ("here * (one[j / SIZE].of[j % SIZE] +", "(one[j / SIZE].of[j % SIZE] +"),
    ("matrix + (long long)set * components * 2 * depth", "matrix"),
    ("base[(long long)set * components + k]", "base[k]"),
    ("part ? T(0) : base", "base"),
    ("((long long)row * sets + set) * components + k", "(long long)row * components + k"),
    ("(long long)part * rows_per_set * sets * components", "(long long)part * rows_per_set"),
    ("blockIdx.y / parts * COLUMNS", "blockIdx.y % parts * COLUMNS"),
    ("lane % 8 + warp % (TILE_DEPTH / 8) * 8", "lane % 8"),
)
TENSOR = of(
    "tensor",
    without(BARRIER, "        }\n        __syncthreads();\n\n        // The next slice"),
    without(BARRIER, "        store(0);\n        __syncthreads();"),
    without(BARRIER, "was there: a barrier ago\n            __syncthreads();"),
    ("buffer ^= 1;", ""),
    ("if (row >= rows_per_set) continue;", "if (row > rows_per_set) continue;"),
    ("if (k >= components) continue;", "if (k > components) continue;"),
    ("inside = exists && k", "inside = k"),
    ("exists = dimension < last_dimension", "exists = true"),
    ("start.of[i]) - middle", "start.of[i])"),
    ("min(first_row + i, rows_per_set - 1)", "first_row"),
    ("in_run >= at.run; in_run", "in_run > at.run; in_run"),
    ("at.pitch - at.run", "at.pitch"),
    ("kind ? value[r][i] * value[r][i] : value[r][i]", "value[r][i]"),
    ("both.of[2 * kind + i]", "both.of[i]"),
    ("add(low, above);", ""),
    ("add(high, below);", ""),
    ("+ 0x1000u) & 0xffffe000u", "+ 0x1000u) & 0xffff0000u"),
    ("(long long)set * components + first_column", "first_column"),
    ("base[(long long)set * components + k]", "base[k]"),
    ("part ? 0.0f : base", "base"),
    ("((long long)row * sets + set) * components + k", "(long long)row * components + k"),
    ("(long long)part * rows_per_set * sets * components", "(long long)part * rows_per_set"),
    ("blockIdx.y / parts * COLUMNS", "blockIdx.y % parts * COLUMNS"),
    ("lane / SLICE * TENSOR_WARPS + warp", "lane / SLICE + warp"),
    ("warp * (WARP / SLICE) + lane / SLICE", "warp + lane / SLICE"),
    ("rows[8][place];", "rows[0][place];"),
    ("g + i / 2 * 8;", "g + i % 2 * 8;"),
)
ROWS = of(
    "rows",
    ("(long long)y * along_y", "(long long)x * along_y"),
    ("position - y * width", "position - y * height"),
    ("sample * along_n", "sample"),
    ("dimension / run * pitch + dimension % run", "dimension"),
)
POSTERIOR = of(
    "posterior",
    ("smoothing_t[(long long)j * components + k]", "smoothing_t[(long long)k * components + j]"),
    ("(other == best && theirs < first)", "(other == best && theirs > first)"),
    ("if (value > best) {", "if (value >= best) {"),
    ("present == 0 || first == components", "first == components"),
    ("plain + components;", "plain;"),
    ("(T*)shared + warp * 2 * components", "(T*)shared"),
    ("const int present = known_dimensions ? known_dimensions[row] : depth", "int present = depth"),
    ("components, known_dimensions ? known_dimensions[row] : depth", "components, depth"),
    ("exponential(smooth[k] - best)", "exponential(smooth[k])"),
    ("plain[k] / sum;", "plain[k];"),
    without(BARRIER, "        __syncthreads();\n        const long long row = first + thread;"),
    without(BARRIER, "        __syncthreads();\n        if (!output) continue;"),
    without(BARRIER, "        __syncthreads();  // all is written, before the next rows"),
    ("if (row < rows) {", "if (row <= rows) {"),
    ("scores + first * components", "scores"),
    ("output + first * components, here", "output, here"),
)
SETTLE = of(
    "settle",
    ("smoothing[k * components + j]", "smoothing[j * components + k]"),
    ("if (value > largest) {", "if (value >= largest) {"),
    ("value[i] > best) {", "value[i] >= best) {"),
    ("begin + i < components && value", "value"),
    ("first = begin + i;", "first = begin;"),
    ("best = minus_infinity(T(0));\n        first = components;", "first = components;"),
    ("present == 0 || first == components", "first == components"),
    ("own[k] - largest);", "own[k]);"),
    ("own[k] *= share;", ";"),
    ("count % Vector<T>::SIZE == 0", "true"),
    ("row * pitch + i - row * components", "i"),
)
NARROW = of(
    "narrow",
    without(BARRIER, "0.91893853320467274178 * depth);\n    __syncthreads();"),
    ("        if (!output) continue;\n        __syncwarp();", "        if (!output) continue;"),
    ("__syncwarp();  // all is written", "// all is written"),
    ("d < depth ? own[offsets[d]] - middle", "d < depth ? own[offsets[d]]"),
    ("k * 2 * depth + place % 2 * depth + d", "k * 2 * depth + d"),
    ("k < components ? base[k] : minus_infinity(T(0))", "k < components ? base[k] : T(0)"),
    ("here * (number(2 * d) +", "(number(2 * d) +"),
    ("sum + number(2 * DEPTH)", "sum"),
    ("if (j >= components) break;", ""),
    ("smoothing_t[j * smoothing_pitch + k]", "smoothing_t[k * smoothing_pitch + j]"),
    ("if (smooth > best) {", "if (smooth >= best) {"),
    ("k = COMPONENTS - 1; k >= 0; --k", "k = 0; k < COMPONENTS; ++k"),
    ("score[r][k] - largest)", "score[r][k])"),
    ("score[r][k] * share", "score[r][k]"),
    ("if (row >= rows) continue;", "if (row > rows) continue;"),
    ("if (k < components) held", "held"),
    ("output + first * components", "output"),
    ("(long long)WARP_ROWS, rows - first", "(long long)WARP_ROWS, (long long)WARP_ROWS"),
    ("won < components ? won : -1", "won"),
)
SUMS = of(
    "sums",
    without(BARRIER, "warp_totals[warp] = total;\n    __syncthreads();"),
    without(BARRIER, "            __syncthreads();\n            const int rows = counts_before"),
    without(BARRIER, "components * threads);\n            __syncthreads();"),
    without(BARRIER, "            __syncthreads();\n            for (int k = thread; k < comp"),
    without(BARRIER, "            __syncthreads();\n            for (int g = 1; adding"),
    without(BARRIER, "        __syncthreads();\n        const int first = blockIdx.x * tile"),
    without(BARRIER, "        __syncthreads();  // all is read, before the next set"),
    without(BARRIER, "slices[slice][place] = sum;\n            __syncthreads();"),
    without(BARRIER, "slices[s][place];\n            __syncthreads();"),
    ("if (lane & step) before += other;", "before += other;"),
    ("if (w < warp) before += warp_totals[w];", ""),
    ("if (k < 0) continue;", ""),
    ("row < stop ? winner[(long long)row * sets + set] : -1", "winner[row * sets + set]"),
    ("min(start + chunk_rows, rows_per_set)", "start + chunk_rows"),
    ("batch += threads * SUM_EACH", "batch += threads"),
    ("thread]++;", "thread];"),
    ("k ? places[k * threads - 1] : 0", "0"),
    ("(rows + groups - 1) / groups", "rows / groups"),
    ("bool carrying = group > 0", "bool carrying = false"),
    ("carrying = false;", ""),
    ("sum = {0, 0};\n                            known", "known"),
    ("known_sum = 0;\n                        }", "}"),
    ("if (begin < end) keep();", ""),
    ("x[place] - middle;", "x[place];"),
    ("k[SUM_TOGETHER - 1] == component", "k[0] == component"),
    ("i + SUM_TOGETHER <= end &&", ""),
    ("if (i + u >= end) break;", ""),
    ("value[u] * value[u]});", "value[u]});"),
    ("if (!seen[u]) return;", ""),
    ("min(tile, depth - first)", "tile"),
    ("int from = g * tile + column", "int from = column"),
    ("own[plane + target]", "own[target]"),
    ("blockIdx.y * ((MASKED ? 3 : 2) * plane", "blockIdx.y * (2 * plane"),
    ("part = slice; part < parts", "part = slice; part < parts - 1"),
    ("if (slice == 0 && element < size)", "if (slice == 0)"),
)
COMMON = of(
    "common",
    ("value += __shfl_xor_sync(EVERY_LANE, value, step);", "value += step;"),
    ("if (other > value) value = other;", ""),
    ("__int_as_float(0xff800000)", "0"),
    ("for (int sample = blockIdx.y; sample < (n);", "for (int sample = 0; sample < (n);"),
    ("element < (size);", "element <= (size);"),
)
UPDATE = of(
    "update",
    ("matrix[2 * first + depth + d]", "matrix[2 * first + d]"),
    ("T(-0.5) * r * r", "T(-0.5) * r"),
    ("total = warp_sum(total);", ""),
    without(BARRIER, "totals[warp] = total;\n        __syncthreads();"),
    ("for (int w = 1; w < warps", "for (int w = 0; w < warps"),
    ("logits + index / components * components", "logits"),
    ("t0 + index / components * components", "t0"),
    ("d = blockIdx.y * blockDim.x + threadIdx.x; d < depth;", "d = threadIdx.x; d < depth;"),
    ("min(max(learned, root_min), root_max)", "max(learned, root_min)"),
    ("min(max(learned, root_min), root_max)", "min(learned, root_max)"),
    ("i < size0 + size1)", "i <= size0 + size1)"),
    ("if (added_at) added = *added_at;", ""),
    ("if (kept_at) kept = *kept_at;", "kept = *kept_at;"),
    ("largest = warp_max(largest);", ""),
    ("won >= least ? 1", "won >= 0 ? 1"),
    ("won >= least ? mean + middle :", "won >= least ? mean :"),
    (", variance_min);", ", T(0));"),
    ("all += max(own[k], least);", "all += own[k];"),
)
DRAW = of(
    "draw",
    ("round < 10", "round < 9"),
    ("block + 1", "block"),
    ("key1 += 0xBB67AE8584CAA73Bull;", "key1 += 0xBB67AE8584CAA73Aull;"),
    ("(unsigned int)(block.word[i] >> 32) >> 8", "(unsigned int)(block.word[i] >> 24) >> 8"),
    ("i < each && block * each + i < size", "i < each"),
    ("drawn += cumulative <= threshold", "drawn += cumulative < threshold"),
    ("uniforms[row] * total", "uniforms[row]"),
    ("numbers + 2);", "numbers);"),
    ("start + sample, key0, key1), numbers)", "sample, key0, key1), numbers)"),
)
MUTANTS = {
    "fold": FOLD,
    "pool": POOL,
    "scores": SCORES,
    "tensor": TENSOR,
    "rows": ROWS,
    "posterior": POSTERIOR,
    "settle": SETTLE,
    "narrow": NARROW,
    "sums": SUMS,
    "common": COMMON,
    "update": UPDATE,
    "draw": DRAW,
}
