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
    ("value > best || value != value", "value >= best || value != value"),
    ("value > best || value != value", "value > best"),
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
    "gmm",
    without(BARRIER, "        }\n        __syncthreads();\n        T total"),
    without(BARRIER, "            __syncthreads();\n            // Summed tile by tile"),
    without(BARRIER, "            __syncthreads();\n        }\n        for"),
    ("if (row >= rows_per_set) continue;", "if (row > rows_per_set) continue;"),
    ("if (k >= components) continue;", "if (k > components) continue;"),
    ("const bool inside = dimension < depth &&", "const bool inside ="),
    ("                        value = x[source] - middle;", "value = x[source];"),
    ("(linear[inner][column] + value * quadratic", "(linear[inner][column] + quadratic"),
    ("matrix + (long long)set * components * 2 * depth", "matrix"),
    ("base[(long long)set * components + k]", "base[k]"),
    ("((long long)row * sets + set) * components + k", "(long long)row * components + k"),
)
ROWS = of(
    "gmm",
    ("(position / width) * along_y", "(position / height) * along_y"),
    ("dimension / run * pitch + dimension % run", "dimension"),
    ("if (++x < at.width) return;", "if (++x <= at.width) return;"),
    ("start += at.along_y - (long long)at.width * at.along_x;", "start += at.along_y;"),
    ("if (++y < at.height) return;", ""),
    ("if (sets > 1)", "if (sets > 6)"),
    ("y = row / at.width % at.height;", "y = row / at.width;"),
)
POSTERIOR = of(
    "gmm",
    ("smoothing_t[(long long)j * components + k]", "smoothing_t[(long long)k * components + j]"),
    ("(other == best && theirs < first)", "(other == best && theirs > first)"),
    ("if (value > best) {", "if (value >= best) {"),
    ("present == 0 || first == components", "first == components"),
    ("plain + components;", "plain;"),
    ("(T*)shared + warp * 2 * components", "(T*)shared"),
    ("known_dimensions ? known_dimensions[row] : depth", "depth"),
    ("exponential(smooth[k] - best)", "exponential(smooth[k])"),
    ("plain[k] / sum;", "plain[k];"),
)
STATISTICS = of(
    "gmm",
    ("if (k < 0) continue;", ""),
    ("const T value = x[source] - middle;", "const T value = x[source];"),
    ("if (dimension >= depth) return;", "if (dimension > depth) return;"),
    ("min(start + chunk_rows, rows_per_set)", "start + chunk_rows"),
    ("if (counting) counts[k] = 0;", ""),
    ("column] += value * value", "column] += value"),
    ("if (MASKED && !known[source]) continue;", ""),
    ("(long long)blockIdx.y * sets + set", "(long long)set"),
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
    ("largest = warp_max(largest);", ""),
    ("t0[index] >= least", "t0[index] >= 0"),
    ("won ? mean + middle :", "won ? mean :"),
    (", variance_min);", ", T(0));"),
    ("all += max(t0[set * components + k], least);", "all += t0[set * components + k];"),
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
    "rows": ROWS,
    "posterior": POSTERIOR,
    "statistics": STATISTICS,
    "common": COMMON,
    "update": UPDATE,
    "draw": DRAW,
}
