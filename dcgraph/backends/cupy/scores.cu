// The score product: all scores of a batch, without a copy of what its rows see.
//
// A block has a tile of rows and of components, and goes through the dimensions a slice at a time:
// both operands of a slice lie in shared memory, while those of the next are on their way into
// registers. A thread has PER_ROWS rows and PER_COLUMNS components. Wide tiles are for many rows: a
// thread has more of both, so that it reads less of shared memory for each product, and slices
// alternate between two buffers, so that one barrier is enough for each.
// Where few blocks would have all the work, several share their dimensions and write a part of each
// score.

#define SCORE_THREADS 256
#define WIDE_ROWS 8  // of a thread of a wide tile

// Where a component of a tile lies in a line of shared memory, such that a thread reads its own as
// whole vectors, while threads side by side have components side by side: these write together.
template <typename T, int ACROSS, int PER_COLUMNS>
__device__ __forceinline__ int place_of(int column)
{
    constexpr int SIZE = Vector<T>::SIZE, VECTORS = (PER_COLUMNS + SIZE - 1) / SIZE;
    constexpr int WARP_COLUMNS = ACROSS * PER_COLUMNS;
    const int across = column % ACROSS, own = column % WARP_COLUMNS / ACROSS;
    return column / WARP_COLUMNS * (ACROSS * VECTORS * SIZE) + own / SIZE * (ACROSS * SIZE) +
           across * SIZE + own % SIZE;
}

// scores (parts, rows, components) of `x` about `*centre`, without the constant: part p is the sum
// over dimensions p * part_depth to (p + 1) * part_depth.
// matrix (sets, components, 2 depth) holds r^2 mu beside -r^2 / 2. With MASKED, what `known` denies
// counts for nothing, dimension_bias is (sets, components, depth), and base is log pi rather than
// the whole bias.
template <typename T, bool MASKED, int COLUMNS, int PER_ROWS, int PER_COLUMNS>
__global__ void __launch_bounds__(SCORE_THREADS, sizeof(T) == 4 ? 2 : 1)
mixture_scores(const T* x, const bool* known, const T* centre, const T* matrix, const T* base,
               const T* dimension_bias, T* scores, int rows_per_set, int sets, int components,
               int depth, int parts, int part_depth, ROWS_PARAMETERS)
{
    const Rows at = ROWS_ARGUMENTS;
    constexpr int SIZE = Vector<T>::SIZE;
    constexpr bool WIDE = PER_ROWS == WIDE_ROWS;
    constexpr int BUFFERS = WIDE ? 2 : 1, TILE_DEPTH = WIDE ? 8 : 16;
    // Threads of a warp side by side, over components, and over rows.
    constexpr int ACROSS = COLUMNS / PER_COLUMNS < 8 ? COLUMNS / PER_COLUMNS : 8;
    constexpr int DOWN = WARP / ACROSS;
    constexpr int WARP_COLUMNS = ACROSS * PER_COLUMNS, WARPS_ACROSS = COLUMNS / WARP_COLUMNS;
    constexpr int WARP_ROWS = DOWN * PER_ROWS;
    constexpr int TILE_ROWS = SCORE_THREADS / WARP / WARPS_ACROSS * WARP_ROWS;
    constexpr int ROW_VECTORS = PER_ROWS / SIZE;
    constexpr int COLUMN_VECTORS = (PER_COLUMNS + SIZE - 1) / SIZE;
    // Rows, or components, that a block reads a slice of at once, and how often it does.
    constexpr int LOADED = SCORE_THREADS / TILE_DEPTH;
    constexpr int ROW_LOADS = TILE_ROWS / LOADED, COLUMN_LOADS = (COLUMNS + LOADED - 1) / LOADED;
    // Four elements more than a multiple of 32: what a warp writes falls on different banks.
    constexpr int ROW_PITCH = TILE_ROWS + 4;
    constexpr int COLUMN_PITCH = WARPS_ACROSS * ACROSS * COLUMN_VECTORS * SIZE + 4;
    constexpr int MASK_DEPTH = MASKED ? TILE_DEPTH : 1;
    __shared__ Vector<T> values[BUFFERS][TILE_DEPTH][ROW_PITCH / SIZE];
    __shared__ Vector<T> seen[MASK_DEPTH][ROW_PITCH / SIZE];
    __shared__ Vector<T> linear[BUFFERS][TILE_DEPTH][COLUMN_PITCH / SIZE];
    __shared__ Vector<T> quadratic[BUFFERS][TILE_DEPTH][COLUMN_PITCH / SIZE];
    __shared__ Vector<T> biases[MASK_DEPTH][COLUMN_PITCH / SIZE];
    __shared__ const T* starts[TILE_ROWS];

    const int thread = threadIdx.x, lane = thread % WARP, warp = thread / WARP;
    // As it computes: neighbours read the same rows or the same components, for then shared memory
    // answers two quarters of a warp at once.
    const int across = lane / 2 % 2 + lane / 4 % (ACROSS / 2) * 2;
    const int down = lane % 2 + lane / (2 * ACROSS) * 2;
    const int own_row = warp / WARPS_ACROSS * WARP_ROWS + down * SIZE;
    const int own_place = warp % WARPS_ACROSS * (ACROSS * COLUMN_VECTORS) + across;
    // As it loads: eight dimensions of four rows by a warp, a run of memory of each.
    const int inner_loaded = lane % 8 + warp % (TILE_DEPTH / 8) * 8;
    const int loaded = lane / 8 + warp / (TILE_DEPTH / 8) * 4;

    const int first_row = blockIdx.x * TILE_ROWS;
    const int part = blockIdx.y % parts, first_column = blockIdx.y / parts * COLUMNS;
    const int first_dimension = part * part_depth;
    const int last_dimension = min(first_dimension + part_depth, depth);
    const T middle = *centre;

    for (int set = blockIdx.z; set < sets; set += gridDim.z) {
        const T* weights = matrix + (long long)set * components * 2 * depth;
        const T* dimension_biases =
            MASKED ? dimension_bias + (long long)set * components * depth : nullptr;
        // Beyond the last row there is the last one once more: it is read, and not written.
        for (int i = thread; i < TILE_ROWS; i += SCORE_THREADS) {
            starts[i] = x + at.start(min(first_row + i, rows_per_set - 1) * sets + set);
        }
        __syncthreads();

        T row_ahead[ROW_LOADS], seen_ahead[MASKED ? ROW_LOADS : 1];
        T linear_ahead[COLUMN_LOADS], quadratic_ahead[COLUMN_LOADS];
        T bias_ahead[MASKED ? COLUMN_LOADS : 1];
        auto load = [&](int first) {
            const int dimension = first + inner_loaded;
            const bool exists = dimension < depth;
            const int offset = exists ? at.offset(dimension) : 0;
#pragma unroll
            for (int i = 0; i < ROW_LOADS; ++i) {
                const T* source = starts[loaded + LOADED * i] + offset;
                const bool present = exists && (!MASKED || known[source - x]);
                row_ahead[i] = present ? __ldg(source) - middle : T(0);
                if constexpr (MASKED) seen_ahead[i] = present;
            }
#pragma unroll
            for (int i = 0; i < COLUMN_LOADS; ++i) {
                const int column = loaded + LOADED * i, k = first_column + column;
                const bool inside = exists && column < COLUMNS && k < components;
                const T* own = weights + (long long)k * 2 * depth + dimension;
                linear_ahead[i] = inside ? own[0] : T(0);
                quadratic_ahead[i] = inside ? own[depth] : T(0);
                if constexpr (MASKED) {
                    bias_ahead[i] =
                        inside ? dimension_biases[(long long)k * depth + dimension] : T(0);
                }
            }
        };
        auto store = [&](int buffer) {
#pragma unroll
            for (int i = 0; i < ROW_LOADS; ++i) {
                ((T*)values[buffer][inner_loaded])[loaded + LOADED * i] = row_ahead[i];
                if constexpr (MASKED) {
                    ((T*)seen[inner_loaded])[loaded + LOADED * i] = seen_ahead[i];
                }
            }
#pragma unroll
            for (int i = 0; i < COLUMN_LOADS; ++i) {
                const int column = loaded + LOADED * i;
                if (COLUMNS % LOADED && column >= COLUMNS) continue;
                const int place = place_of<T, ACROSS, PER_COLUMNS>(column);
                ((T*)linear[buffer][inner_loaded])[place] = linear_ahead[i];
                ((T*)quadratic[buffer][inner_loaded])[place] = quadratic_ahead[i];
                if constexpr (MASKED) ((T*)biases[inner_loaded])[place] = bias_ahead[i];
            }
        };

        T total[PER_ROWS][PER_COLUMNS] = {};
        load(first_dimension);
        int buffer = 0;
        for (int first = first_dimension; first < last_dimension; first += TILE_DEPTH) {
            store(buffer);
            __syncthreads();
            if (first + TILE_DEPTH < last_dimension) load(first + TILE_DEPTH);
            // Summed slice by slice: the rounding error of a long sum stays small. A wide tile has
            // no registers to spare for that; its sums are parts of a score wherever those are long.
            T slice[WIDE ? 1 : PER_ROWS][WIDE ? 1 : PER_COLUMNS] = {};
#pragma unroll 4
            for (int inner = 0; inner < TILE_DEPTH; ++inner) {
                Vector<T> value[ROW_VECTORS], present[MASKED ? ROW_VECTORS : 1];
                Vector<T> one[COLUMN_VECTORS], two[COLUMN_VECTORS];
                Vector<T> bias[MASKED ? COLUMN_VECTORS : 1];
#pragma unroll
                for (int v = 0; v < ROW_VECTORS; ++v) {
                    const int place = own_row / SIZE + v * DOWN;
                    value[v] = values[buffer][inner][place];
                    if constexpr (MASKED) present[v] = seen[inner][place];
                }
#pragma unroll
                for (int v = 0; v < COLUMN_VECTORS; ++v) {
                    const int place = own_place + v * ACROSS;
                    one[v] = linear[buffer][inner][place];
                    two[v] = quadratic[buffer][inner][place];
                    if constexpr (MASKED) bias[v] = biases[inner][place];
                }
#pragma unroll
                for (int i = 0; i < PER_ROWS; ++i) {
                    const T here = value[i / SIZE].of[i % SIZE];
#pragma unroll
                    for (int j = 0; j < PER_COLUMNS; ++j) {
                        T& sum = WIDE ? total[i][j] : slice[WIDE ? 0 : i][WIDE ? 0 : j];
                        sum += here * (one[j / SIZE].of[j % SIZE] +
                                       here * two[j / SIZE].of[j % SIZE]);
                        if constexpr (MASKED) {
                            sum += present[i / SIZE].of[i % SIZE] * bias[j / SIZE].of[j % SIZE];
                        }
                    }
                }
            }
            if constexpr (WIDE) {
                buffer ^= 1;
            } else {
#pragma unroll
                for (int i = 0; i < PER_ROWS; ++i) {
#pragma unroll
                    for (int j = 0; j < PER_COLUMNS; ++j) total[i][j] += slice[i][j];
                }
                __syncthreads();
            }
        }

        T* target = scores + (long long)part * rows_per_set * sets * components;
#pragma unroll
        for (int i = 0; i < PER_ROWS; ++i) {
            const int row = first_row + own_row + i / SIZE * (DOWN * SIZE) + i % SIZE;
            if (row >= rows_per_set) continue;
#pragma unroll
            for (int j = 0; j < PER_COLUMNS; ++j) {
                const int k =
                    first_column + warp % WARPS_ACROSS * WARP_COLUMNS + across + ACROSS * j;
                if (k >= components) continue;
                const T bias = part ? T(0) : base[(long long)set * components + k];
                target[((long long)row * sets + set) * components + k] = total[i][j] + bias;
            }
        }
    }
}
