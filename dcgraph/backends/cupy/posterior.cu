// What follows from the scores of a row: posterior, winner, losses. A warp has a row to itself, or,
// where there are many rows, a thread has.

// known_dimensions (rows) = how many dimensions of each row are known
__global__ void mixture_known(const bool* known, int* known_dimensions, int rows, int depth,
                              ROWS_PARAMETERS)
{
    const Rows at = ROWS_ARGUMENTS;
    FOR_EACH_ELEMENT(row, rows)
    {
        const long long start = at.start(row);
        int count = 0;
        for (int d = 0; d < depth; ++d) count += known[start + at.offset(d)];
        known_dimensions[row] = count;
    }
}

// All that is wanted of a row's scores, by one warp of at most 4 in a block, in one pass over them.
// Any output may be null.
//   output (rows, components)  softmax of the scores
//   log_likelihood, max_component, loss (rows), in nats
//   winner (rows)              the first component with the largest smoothed score;
//                              -1 where nothing of the row is known
//   assignment (rows, components)  softmax of the smoothed scores
// smoothing_t (components, components) or null: the transpose of M; smoothed_k = sum_j M_kj score_j.
// smoothed (rows, components) or null: computed already. known_dimensions (rows) or null: all of
// `depth`. soft: the loss is the logsumexp of smoothed scores, not the largest.
// Shared memory: 2 * components numbers for each warp.
template <typename T>
__global__ void __launch_bounds__(4 * WARP)
mixture_posterior(const T* scores, const T* smoothing_t, const T* smoothed,
                  const int* known_dimensions, T* output, T* log_likelihood, T* max_component,
                  T* loss, int* winner, T* assignment, int rows, int components, int depth,
                  int soft)
{
    extern __shared__ Vector<float> shared[];
    const int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
    T* plain = (T*)shared + warp * 2 * components;
    T* smooth = plain + components;
    const double half_log_2pi = 0.91893853320467274178;

    const int warps = blockDim.x / WARP;
    for (long long row = (long long)blockIdx.x * warps + warp; row < rows;
         row += (long long)gridDim.x * warps) {
        const T* own = scores + row * components;
        T largest = minus_infinity(T(0));
        for (int k = lane; k < components; k += WARP) {
            plain[k] = own[k];
            if (plain[k] > largest) largest = plain[k];
        }
        __syncwarp();  // every lane is about to read what others have written
        largest = warp_max(largest);
        const int present = known_dimensions ? known_dimensions[row] : depth;
        const T constant = (T)(half_log_2pi * present);

        if (loss || winner || assignment) {
            T best = minus_infinity(T(0));
            int first = components;
            for (int k = lane; k < components; k += WARP) {
                T value = plain[k];
                if (smoothed) value = smoothed[row * components + k];
                if (smoothing_t) {
                    value = 0;
                    for (int j = 0; j < components; ++j) {
                        value += smoothing_t[(long long)j * components + k] * plain[j];
                    }
                }
                smooth[k] = value;
                if (value > best) {
                    best = value;
                    first = k;
                }
            }
            for (int step = WARP / 2; step > 0; step /= 2) {
                const T other = __shfl_xor_sync(EVERY_LANE, best, step);
                const int theirs = __shfl_xor_sync(EVERY_LANE, first, step);
                if (other > best || (other == best && theirs < first)) {
                    best = other;
                    first = theirs;
                }
            }
            if (winner && lane == 0) {
                winner[row] = present == 0 || first == components ? -1 : first;
            }
            if (soft) {
                T sum = 0;
                for (int k = lane; k < components; k += WARP) {
                    smooth[k] = exponential(smooth[k] - best);
                    sum += smooth[k];
                }
                sum = warp_sum(sum);
                for (int k = lane; assignment && k < components; k += WARP) {
                    assignment[row * components + k] = present ? smooth[k] / sum : T(0);
                }
                best += logarithm(sum);
            }
            if (loss && lane == 0) loss[row] = best - constant;
        }
        if (max_component && lane == 0) max_component[row] = largest - constant;
        if (output || log_likelihood) {
            T sum = 0;
            for (int k = lane; k < components; k += WARP) {
                plain[k] = exponential(plain[k] - largest);
                sum += plain[k];
            }
            sum = warp_sum(sum);
            for (int k = lane; output && k < components; k += WARP) {
                output[row * components + k] = plain[k] / sum;
            }
            if (log_likelihood && lane == 0) {
                log_likelihood[row] = largest + logarithm(sum) - constant;
            }
        }
    }
}

// The same of many rows, a thread for each; for hard assignments.
// smoothing (components, components) or null: M itself.
// Shared memory: components | 1 numbers for each thread, rounded up to vectors; with smoothing,
// components lines of components numbers, rounded up to vectors.
template <typename T>
__global__ void __launch_bounds__(SETTLE_THREADS)
mixture_settle(const T* scores, const T* smoothing, const int* known_dimensions, T* output,
               T* log_likelihood, T* max_component, T* loss, int* winner, int rows, int components,
               int depth)
{
    extern __shared__ Vector<float> shared[];  // aligned for whole vectors
    constexpr int SIZE = Vector<T>::SIZE;
    const Wanted<T> wanted = {output, log_likelihood, max_component, loss, winner};
    const int thread = threadIdx.x, threads = blockDim.x;
    const int pitch = components | 1, smoothing_pitch = (components + SIZE - 1) / SIZE * SIZE;
    T* held = (T*)shared;
    T* smoothing_t = held + threads * pitch;
    if (smoothing) load_smoothing(smoothing, smoothing_t, components, smoothing_pitch);
    for (long long first = (long long)blockIdx.x * threads; first < rows;
         first += (long long)gridDim.x * threads) {
        const int here = (int)min((long long)threads, rows - first);
        const T* own = scores + first * components;
        for_each_score<T>(
            here, components, pitch, thread, threads,
            [&](int inside, int outside) { held[inside] = own[outside]; },
            [&](int i) { ((Vector<T>*)held)[i] = ((const Vector<T>*)own)[i]; });
        __syncthreads();
        const long long row = first + thread;
        if (row < rows) {
            settle(held + thread * pitch, smoothing ? smoothing_t : nullptr, smoothing_pitch,
                   components, known_dimensions ? known_dimensions[row] : depth, row, wanted);
        }
        __syncthreads();
        if (!output) continue;
        write_posteriors(held, output + first * components, here, components, pitch, thread,
                         threads);
        __syncthreads();  // all is written, before the next rows take its place
    }
}
