// The score product: all scores of a batch, without a copy of what its rows see.
//
// A block has a tile of rows and of components, and goes through the dimensions TILE_DEPTH at a time:
// both operands of a slice lie in shared memory, while those of the next are on their way into
// registers. A warp has WARP_COLUMNS components, a thread PER_ROWS rows and PER_COLUMNS components.
// Where there are few rows, several blocks share their dimensions and write a part of each score.

#define SCORE_THREADS 256
#define TILE_DEPTH 16
#define ACROSS 8  // threads of a warp side by side, over components,
#define DOWN 4    // and over rows
#define PER_COLUMNS 4
#define WARP_COLUMNS (ACROSS * PER_COLUMNS)
#define LOADED 16  // rows, or components, that a block reads TILE_DEPTH dimensions of at once

// Where a component of a tile lies in a line of shared memory, such that a thread reads its own as
// whole vectors, while threads side by side have components side by side: these write together.
template <typename T>
__device__ __forceinline__ int place_of(int column)
{
    constexpr int SIZE = Vector<T>::SIZE;
    const int across = column % ACROSS, own = column % WARP_COLUMNS / ACROSS;
    return column / WARP_COLUMNS * WARP_COLUMNS + own / SIZE * (ACROSS * SIZE) + across * SIZE +
           own % SIZE;
}

// scores (parts, rows, components) of `x` about `*centre`, without the constant: part p is the sum
// over dimensions p * part_depth to (p + 1) * part_depth.
// matrix (sets, components, 2 depth) holds r^2 mu beside -r^2 / 2. With MASKED, what `known` denies
// counts for nothing, dimension_bias is (sets, components, depth), and base is log pi rather than
// the whole bias.
template <typename T, bool MASKED, int COLUMNS, int PER_ROWS>
__global__ void __launch_bounds__(SCORE_THREADS, sizeof(T) == 4 ? 2 : 1)
mixture_scores(const T* x, const bool* known, const T* centre, const T* matrix, const T* base,
               const T* dimension_bias, T* scores, int rows_per_set, int sets, int components,
               int depth, int parts, int part_depth, ROWS_PARAMETERS)
{
    const Rows at = ROWS_ARGUMENTS;
    constexpr int SIZE = Vector<T>::SIZE;
    constexpr int WARPS_ACROSS = COLUMNS / WARP_COLUMNS;
    constexpr int WARP_ROWS = DOWN * PER_ROWS;
    constexpr int TILE_ROWS = SCORE_THREADS / WARP / WARPS_ACROSS * WARP_ROWS;
    constexpr int ROW_LOADS = TILE_ROWS / LOADED, COLUMN_LOADS = COLUMNS / LOADED;
    // Four elements more than a multiple of 32: what a warp writes falls on different banks.
    constexpr int ROW_PITCH = TILE_ROWS + 4, COLUMN_PITCH = COLUMNS + 4;
    constexpr int MASK_DEPTH = MASKED ? TILE_DEPTH : 1;
    __shared__ Vector<T> values[TILE_DEPTH][ROW_PITCH / SIZE];
    __shared__ Vector<T> seen[MASK_DEPTH][ROW_PITCH / SIZE];
    __shared__ Vector<T> linear[TILE_DEPTH][COLUMN_PITCH / SIZE];
    __shared__ Vector<T> quadratic[TILE_DEPTH][COLUMN_PITCH / SIZE];
    __shared__ Vector<T> biases[MASK_DEPTH][COLUMN_PITCH / SIZE];
    __shared__ long long starts[TILE_ROWS];

    const int thread = threadIdx.x, lane = thread % WARP, warp = thread / WARP;
    // as it computes
    const int across = lane % ACROSS, down = lane / ACROSS;
    const int own_row = warp / WARPS_ACROSS * WARP_ROWS + down * SIZE;
    const int own_column = warp % WARPS_ACROSS * WARP_COLUMNS + across * SIZE;
    // as it loads: eight dimensions of four rows by a warp, a run of memory of each
    const int inner_loaded = lane % 8 + warp % 2 * 8, loaded = lane / 8 + warp / 2 * 4;

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
            starts[i] = at.start(min(first_row + i, rows_per_set - 1) * sets + set);
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
                const long long source = starts[loaded + LOADED * i] + offset;
                const bool present = exists && (!MASKED || known[source]);
                row_ahead[i] = present ? x[source] - middle : T(0);
                if constexpr (MASKED) seen_ahead[i] = present;
            }
#pragma unroll
            for (int i = 0; i < COLUMN_LOADS; ++i) {
                const int k = first_column + loaded + LOADED * i;
                const bool inside = exists && k < components;
                const T* own = weights + (long long)k * 2 * depth + dimension;
                linear_ahead[i] = inside ? own[0] : T(0);
                quadratic_ahead[i] = inside ? own[depth] : T(0);
                if constexpr (MASKED) {
                    bias_ahead[i] =
                        inside ? dimension_biases[(long long)k * depth + dimension] : T(0);
                }
            }
        };
        auto store = [&]() {
#pragma unroll
            for (int i = 0; i < ROW_LOADS; ++i) {
                ((T*)values[inner_loaded])[loaded + LOADED * i] = row_ahead[i];
                if constexpr (MASKED) {
                    ((T*)seen[inner_loaded])[loaded + LOADED * i] = seen_ahead[i];
                }
            }
#pragma unroll
            for (int i = 0; i < COLUMN_LOADS; ++i) {
                const int place = place_of<T>(loaded + LOADED * i);
                ((T*)linear[inner_loaded])[place] = linear_ahead[i];
                ((T*)quadratic[inner_loaded])[place] = quadratic_ahead[i];
                if constexpr (MASKED) ((T*)biases[inner_loaded])[place] = bias_ahead[i];
            }
        };

        T total[PER_ROWS][PER_COLUMNS] = {};
        load(first_dimension);
        for (int first = first_dimension; first < last_dimension; first += TILE_DEPTH) {
            store();
            __syncthreads();
            if (first + TILE_DEPTH < last_dimension) load(first + TILE_DEPTH);
            // Summed slice by slice: the rounding error of a long sum stays small.
            T slice[PER_ROWS][PER_COLUMNS] = {};
#pragma unroll 8
            for (int inner = 0; inner < TILE_DEPTH; ++inner) {
                Vector<T> value[PER_ROWS / SIZE], present[PER_ROWS / SIZE];
                Vector<T> one[PER_COLUMNS / SIZE], two[PER_COLUMNS / SIZE];
                Vector<T> bias[PER_COLUMNS / SIZE];
#pragma unroll
                for (int v = 0; v < PER_ROWS / SIZE; ++v) {
                    const int place = own_row / SIZE + v * DOWN;
                    value[v] = values[inner][place];
                    if constexpr (MASKED) present[v] = seen[inner][place];
                }
#pragma unroll
                for (int v = 0; v < PER_COLUMNS / SIZE; ++v) {
                    const int place = own_column / SIZE + v * ACROSS;
                    one[v] = linear[inner][place];
                    two[v] = quadratic[inner][place];
                    if constexpr (MASKED) bias[v] = biases[inner][place];
                }
#pragma unroll
                for (int i = 0; i < PER_ROWS; ++i) {
                    const T here = value[i / SIZE].of[i % SIZE];
#pragma unroll
                    for (int j = 0; j < PER_COLUMNS; ++j) {
                        slice[i][j] += here * (one[j / SIZE].of[j % SIZE] +
                                               here * two[j / SIZE].of[j % SIZE]);
                        if constexpr (MASKED) {
                            slice[i][j] +=
                                present[i / SIZE].of[i % SIZE] * bias[j / SIZE].of[j % SIZE];
                        }
                    }
                }
            }
#pragma unroll
            for (int i = 0; i < PER_ROWS; ++i) {
#pragma unroll
                for (int j = 0; j < PER_COLUMNS; ++j) total[i][j] += slice[i][j];
            }
            __syncthreads();
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
