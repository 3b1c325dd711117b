// Scores, posteriors, winners and sufficient statistics of a mixture.
//
// Row m of parameter set p is position p of sample m where every position has its own set, and
// position m of the whole batch where all share one: row m * sets + p of the batch either way.
// Rows are read where they lie: as a signal's own channels, or as patches of an image that are never
// written; `Rows` says how far apart they are.

struct Rows {
    int height, width;           // positions of one sample
    long long along_n;           // elements from one sample to the next,
    int along_y, along_x;        // from one position to the next, down and across,
    int run, pitch;              // a row is runs of `run` elements, `pitch` apart

    __device__ __forceinline__ long long start(int row) const
    {
        const int position = row % (height * width);
        return (long long)(row / (height * width)) * along_n +
               (long long)(position / width) * along_y + (position % width) * along_x;
    }
    __device__ __forceinline__ int offset(int dimension) const
    {
        return dimension / run * pitch + dimension % run;
    }
};

// Walks over the rows of one parameter set, without a division for each.
struct Walk {
    int row, x, y;
    long long start;

    __device__ __forceinline__ Walk(const Rows& at, int first_row) : row(first_row)
    {
        start = at.start(row);
        x = row % at.width;
        y = row / at.width % at.height;
    }
    __device__ __forceinline__ void next(const Rows& at, int sets)
    {
        row += sets;
        if (sets > 1) {  // the same position of the next sample
            start += at.along_n;
            return;
        }
        start += at.along_x;
        if (++x < at.width) return;
        x = 0;
        start += at.along_y - (long long)at.width * at.along_x;
        if (++y < at.height) return;
        y = 0;
        start += at.along_n - (long long)at.height * at.along_y;
    }
};

#define ROWS_PARAMETERS \
    int height, int width, long long along_n, int along_y, int along_x, int run, int pitch
#define ROWS_ARGUMENTS {height, width, along_n, along_y, along_x, run, pitch}

#define TILE_ROWS 64
#define TILE_DEPTH 16
#define SIDE 16  // a block is SIDE x SIDE threads

// scores (rows, components) of `x` about `*centre`, without the constant: a tile of TILE_ROWS rows and
// COLUMNS components by each block, TILE_DEPTH dimensions at a time through shared memory.
// matrix (sets, components, 2 depth) holds r^2 mu beside -r^2 / 2. With MASKED, what `known` denies
// counts for nothing, dimension_bias is (sets, components, depth), and base is log pi rather than
// the whole bias.
template <typename T, bool MASKED, int COLUMNS>
__global__ void __launch_bounds__(SIDE * SIDE)
mixture_scores(const T* x, const bool* known, const T* centre, const T* matrix, const T* base,
               const T* dimension_bias, T* scores, int rows_per_set, int sets, int components,
               int depth, ROWS_PARAMETERS)
{
    const Rows at = ROWS_ARGUMENTS;
    constexpr int PER_ROWS = TILE_ROWS / SIDE, PER_COLUMNS = COLUMNS / SIDE;
    constexpr int MASK_DEPTH = MASKED ? TILE_DEPTH : 1;
    __shared__ T values[TILE_DEPTH][TILE_ROWS + 1];
    __shared__ T seen[MASK_DEPTH][TILE_ROWS + 1];
    __shared__ T linear[TILE_DEPTH][COLUMNS + 1];
    __shared__ T quadratic[TILE_DEPTH][COLUMNS + 1];
    __shared__ T biases[MASK_DEPTH][COLUMNS + 1];
    __shared__ long long starts[TILE_ROWS];

    const int thread = threadIdx.x, across = thread % SIDE, down = thread / SIDE;
    const int first_row = blockIdx.x * TILE_ROWS, first_column = blockIdx.y * COLUMNS;
    const T middle = *centre;

    for (int set = blockIdx.z; set < sets; set += gridDim.z) {
        const T* weights = matrix + (long long)set * components * 2 * depth;
        const T* dimension_biases =
            MASKED ? dimension_bias + (long long)set * components * depth : nullptr;
        if (thread < TILE_ROWS && first_row + thread < rows_per_set) {
            starts[thread] = at.start((first_row + thread) * sets + set);
        }
        __syncthreads();
        T total[PER_ROWS][PER_COLUMNS] = {};
        for (int first = 0; first < depth; first += TILE_DEPTH) {
            // consecutive threads read consecutive dimensions, of rows and of components
            const int dimension = first + across;
            for (int i = 0; i < PER_ROWS; ++i) {
                const int row = down + SIDE * i;
                T value = 0, present = 0;
                if (dimension < depth && first_row + row < rows_per_set) {
                    const long long source = starts[row] + at.offset(dimension);
                    if (!MASKED || known[source]) {
                        value = x[source] - middle;
                        present = 1;
                    }
                }
                values[across][row] = value;
                if constexpr (MASKED) seen[across][row] = present;
            }
            for (int i = 0; i < PER_COLUMNS; ++i) {
                const int column = down + SIDE * i, k = first_column + column;
                const bool inside = dimension < depth && k < components;
                const T* own = weights + (long long)k * 2 * depth + dimension;
                linear[across][column] = inside ? own[0] : T(0);
                quadratic[across][column] = inside ? own[depth] : T(0);
                if constexpr (MASKED) {
                    biases[across][column] =
                        inside ? dimension_biases[(long long)k * depth + dimension] : T(0);
                }
            }
            __syncthreads();
            // Summed tile by tile: the rounding error of a long sum stays small.
            T part[PER_ROWS][PER_COLUMNS] = {};
            for (int inner = 0; inner < TILE_DEPTH; ++inner) {
                for (int i = 0; i < PER_ROWS; ++i) {
                    const T value = values[inner][down + SIDE * i];
                    for (int j = 0; j < PER_COLUMNS; ++j) {
                        const int column = across + SIDE * j;
                        part[i][j] +=
                            value * (linear[inner][column] + value * quadratic[inner][column]);
                        if constexpr (MASKED) {
                            part[i][j] += seen[inner][down + SIDE * i] * biases[inner][column];
                        }
                    }
                }
            }
            for (int i = 0; i < PER_ROWS; ++i) {
                for (int j = 0; j < PER_COLUMNS; ++j) total[i][j] += part[i][j];
            }
            __syncthreads();
        }
        for (int i = 0; i < PER_ROWS; ++i) {
            const int row = first_row + down + SIDE * i;
            if (row >= rows_per_set) continue;
            for (int j = 0; j < PER_COLUMNS; ++j) {
                const int k = first_column + across + SIDE * j;
                if (k >= components) continue;
                scores[((long long)row * sets + set) * components + k] =
                    total[i][j] + base[(long long)set * components + k];
            }
        }
    }
}

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
    extern __shared__ unsigned char shared[];
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

// Sums over the rows that each component has won: S0 (chunks, sets, components), and S1, S2, SEEN
// (chunks, sets, components, depth): sums of x, of x^2, and of what is known. Each chunk of rows has
// sums of its own, which are added afterwards: the order of additions is always the same.
// A thread has one dimension, and a column of shared memory for it that no other thread touches.
// Shared memory: blockDim.x * components numbers for S1 and for S2, with MASKED as many for SEEN;
// and components numbers for S0.
template <typename T, bool MASKED>
__global__ void mixture_sums(const T* x, const bool* known, const T* centre, const int* winner,
                             T* s0, T* s1, T* s2, T* s_known, int rows_per_set, int sets,
                             int components, int depth, int chunk_rows, ROWS_PARAMETERS)
{
    extern __shared__ unsigned char shared[];
    const Rows at = ROWS_ARGUMENTS;
    const int width_of_tile = blockDim.x, column = threadIdx.x;
    const int dimension = blockIdx.x * blockDim.x + threadIdx.x;
    T* first = (T*)shared;
    T* second = first + components * width_of_tile;
    T* known_sums = second + components * width_of_tile;
    T* counts = known_sums + (MASKED ? components * width_of_tile : 0);
    const bool counting = dimension == 0;
    if (dimension >= depth) return;  // no barrier below: columns are private

    const T middle = *centre;
    const int offset = at.offset(dimension);
    const int start = blockIdx.y * chunk_rows;
    const int stop = min(start + chunk_rows, rows_per_set);
    for (int set = blockIdx.z; set < sets; set += gridDim.z) {
        for (int k = 0; k < components; ++k) {
            first[k * width_of_tile + column] = 0;
            second[k * width_of_tile + column] = 0;
            if (MASKED) known_sums[k * width_of_tile + column] = 0;
            if (counting) counts[k] = 0;
        }
        Walk walk(at, start * sets + set);
        for (int m = start; m < stop; ++m, walk.next(at, sets)) {
            const int k = winner[walk.row];
            if (k < 0) continue;
            if (counting) counts[k] += 1;
            const long long source = walk.start + offset;
            if (MASKED && !known[source]) continue;
            const T value = x[source] - middle;
            first[k * width_of_tile + column] += value;
            second[k * width_of_tile + column] += value * value;
            if (MASKED) known_sums[k * width_of_tile + column] += 1;
        }
        const long long set_of_chunk = (long long)blockIdx.y * sets + set;
        for (int k = 0; k < components; ++k) {
            const long long target = (set_of_chunk * components + k) * depth + dimension;
            s1[target] = first[k * width_of_tile + column];
            s2[target] = second[k * width_of_tile + column];
            if (MASKED) s_known[target] = known_sums[k * width_of_tile + column];
            if (counting) s0[set_of_chunk * components + k] = counts[k];
        }
    }
}
