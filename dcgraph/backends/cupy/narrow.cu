// Mixtures of few components above rows of few dimensions: a row's scores never leave its thread.

// All that is wanted of rows of at most DEPTH dimensions and COMPONENTS components, from the rows
// themselves: what `mixture_scores` and `mixture_posterior` make of them, for one parameter set and
// hard assignments. A thread has PER_THREAD rows, in registers, and their scores; every thread reads
// the same parameters at the same time. The rows of a warp lie side by side: posteriors are gathered
// in shared memory and written warp by warp.
// Shared memory: COMPONENTS lines of parameters, 2 * DEPTH + 1 numbers rounded up to vectors; with
// smoothing components lines of components, rounded up; components | 1 numbers for each row.
template <typename T, int DEPTH, int COMPONENTS>
__global__ void __launch_bounds__(SETTLE_THREADS)
mixture_narrow(const T* x, const T* centre, const T* matrix, const T* base, const T* smoothing,
               T* output, T* log_likelihood, T* max_component, T* loss, int* winner, int rows,
               int components, int depth, ROWS_PARAMETERS)
{
    extern __shared__ Vector<float> shared[];  // aligned for whole vectors
    __shared__ int offsets[DEPTH];
    constexpr int SIZE = Vector<T>::SIZE, VECTORS = (2 * DEPTH + SIZE) / SIZE;
    constexpr int LINE = VECTORS * SIZE;
    constexpr int PER_THREAD = COMPONENTS <= 25 ? 2 : 1;
    constexpr int WARP_ROWS = WARP * PER_THREAD;
    const Rows at = ROWS_ARGUMENTS;
    const int thread = threadIdx.x, threads = blockDim.x, lane = thread % WARP;
    const int held_pitch = components | 1, smoothing_pitch = (components + SIZE - 1) / SIZE * SIZE;
    T* lines = (T*)shared;
    T* smoothing_t = lines + COMPONENTS * LINE;
    T* held = smoothing_t + (smoothing ? components * smoothing_pitch : 0) +
              thread / WARP * WARP_ROWS * held_pitch;

    // A line has r^2 mu and -r^2 / 2 of each dimension, then the bias: what is no component has no
    // probability.
    for (int i = thread; i < COMPONENTS * LINE; i += threads) {
        const int k = i / LINE, place = i - k * LINE, d = place / 2;
        T number = 0;
        if (place == 2 * DEPTH) {
            number = k < components ? base[k] : minus_infinity(T(0));
        } else if (k < components && d < depth) {
            number = matrix[k * 2 * depth + place % 2 * depth + d];
        }
        lines[i] = number;
    }
    if (smoothing) load_smoothing(smoothing, smoothing_t, components, smoothing_pitch);
    for (int d = thread; d < DEPTH; d += threads) offsets[d] = at.offset(min(d, depth - 1));
    const T middle = *centre, constant = (T)(0.91893853320467274178 * depth);
    __syncthreads();

    const int warps = threads / WARP;
    for (long long first = ((long long)blockIdx.x * warps + thread / WARP) * WARP_ROWS;
         first < rows; first += (long long)gridDim.x * warps * WARP_ROWS) {
        T value[PER_THREAD][DEPTH];
#pragma unroll
        for (int r = 0; r < PER_THREAD; ++r) {
            // Beyond the last row there is the last one once more: it is read, and not written.
            const T* own = x + at.start((int)min(first + lane + r * WARP, rows - 1ll));
#pragma unroll
            for (int d = 0; d < DEPTH; ++d) {
                value[r][d] = d < depth ? own[offsets[d]] - middle : T(0);
            }
        }
        T score[PER_THREAD][COMPONENTS];
#pragma unroll
        for (int k = 0; k < COMPONENTS; ++k) {
            Vector<T> line[VECTORS];
#pragma unroll
            for (int v = 0; v < VECTORS; ++v) line[v] = ((Vector<T>*)lines)[k * VECTORS + v];
            auto number = [&](int place) { return line[place / SIZE].of[place % SIZE]; };
#pragma unroll
            for (int r = 0; r < PER_THREAD; ++r) {
                T sum = 0;
#pragma unroll
                for (int d = 0; d < DEPTH; ++d) {
                    const T here = value[r][d];
                    sum += here * (number(2 * d) + here * number(2 * d + 1));
                }
                score[r][k] = sum + number(2 * DEPTH);
            }
        }
#pragma unroll
        for (int r = 0; r < PER_THREAD; ++r) {
            const long long row = first + lane + r * WARP;
            T largest = minus_infinity(T(0));
#pragma unroll
            for (int k = 0; k < COMPONENTS; ++k) largest = max(largest, score[r][k]);
            T best = largest;
            int won = components;
            if (smoothing) {
                best = minus_infinity(T(0));
                for (int k = 0; k < components; ++k) {
                    T smooth = 0;
#pragma unroll
                    for (int j = 0; j < COMPONENTS; ++j) {
                        if (j >= components) break;
                        smooth += smoothing_t[j * smoothing_pitch + k] * score[r][j];
                    }
                    if (smooth > best) {
                        best = smooth;
                        won = k;
                    }
                }
            } else if (winner) {
#pragma unroll
                for (int k = COMPONENTS - 1; k >= 0; --k) won = score[r][k] == best ? k : won;
            }
            T sum = 0;
            if (output || log_likelihood) {
#pragma unroll
                for (int k = 0; k < COMPONENTS; ++k) {
                    score[r][k] = exponential_below_0(score[r][k] - largest);
                    sum += score[r][k];
                }
            }
            const T share = 1 / sum;
#pragma unroll
            for (int k = 0; output && k < COMPONENTS; ++k) {
                if (k < components) held[(lane + r * WARP) * held_pitch + k] = score[r][k] * share;
            }
            if (row >= rows) continue;
            if (winner) winner[row] = won < components ? won : -1;
            if (loss) loss[row] = best - constant;
            if (max_component) max_component[row] = largest - constant;
            if (log_likelihood) log_likelihood[row] = largest + logarithm(sum) - constant;
        }
        if (!output) continue;
        __syncwarp();
        write_posteriors(held, output + first * components,
                         (int)min((long long)WARP_ROWS, rows - first), components, held_pitch, lane,
                         WARP);
        __syncwarp();  // all is written, before the next rows take its place
    }
}
