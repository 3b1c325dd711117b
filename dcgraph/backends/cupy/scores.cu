// The score product: all scores of a batch, without a copy of what its rows see.
//
// A block has a tile of rows and of components, and goes through the dimensions a slice at a time:
// both operands of a slice lie in shared memory, while those of the next are on their way into
// registers. A thread has PER_THREAD rows and as many components.
// Where few blocks would have all the work, several share their dimensions and write a part of each
// score.

#define SCORE_THREADS 256
#define PER_THREAD 4

// scores (parts, rows, components) of `x` about `*centre`, without the constant: part p is the sum
// over dimensions p * part_depth to (p + 1) * part_depth.
// matrix (sets, components, 2 depth) holds r^2 mu beside -r^2 / 2. With MASKED, what `known` denies
// counts for nothing, dimension_bias is (sets, components, depth), and base is log pi rather than
// the whole bias.
template <typename T, bool MASKED, int COLUMNS>
__global__ void __launch_bounds__(SCORE_THREADS, sizeof(T) == 4 ? 2 : 1)
mixture_scores(const T* x, const T* centre, const T* matrix, const T* base, T* scores,
               int rows_per_set, int sets, int components, int depth, int parts, int part_depth,
               const bool* known, const T* dimension_bias, ROWS_PARAMETERS)
{
    const Rows at = ROWS_ARGUMENTS;
    constexpr int SIZE = Vector<T>::SIZE, VECTORS = PER_THREAD / SIZE, TILE_DEPTH = 16;
    constexpr int ACROSS = COLUMNS / PER_THREAD;  // threads side by side, over components
    constexpr int TILE_ROWS = SCORE_THREADS / ACROSS * PER_THREAD;
    // Rows, or components, that a block reads a slice of at once.
    constexpr int LOADED = SCORE_THREADS / TILE_DEPTH;
    constexpr int ROW_LOADS = TILE_ROWS / LOADED, COLUMN_LOADS = COLUMNS / LOADED;
    // Four elements more than a multiple of 32: what a warp writes falls on different banks.
    constexpr int ROW_PITCH = TILE_ROWS + 4, COLUMN_PITCH = COLUMNS + 4;
    constexpr int MASK_DEPTH = MASKED ? TILE_DEPTH : 1;
    __shared__ Vector<T> values[TILE_DEPTH][ROW_PITCH / SIZE];
    __shared__ Vector<T> seen[MASK_DEPTH][ROW_PITCH / SIZE];
    __shared__ Vector<T> linear[TILE_DEPTH][COLUMN_PITCH / SIZE];
    __shared__ Vector<T> quadratic[TILE_DEPTH][COLUMN_PITCH / SIZE];
    __shared__ Vector<T> biases[MASK_DEPTH][COLUMN_PITCH / SIZE];
    __shared__ const T* starts[TILE_ROWS];

    const int thread = threadIdx.x, lane = thread % WARP, warp = thread / WARP;
    const int across = thread % ACROSS, down = thread / ACROSS;  // as it computes
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
                const int column = loaded + LOADED * i;
                ((T*)linear[inner_loaded])[column] = linear_ahead[i];
                ((T*)quadratic[inner_loaded])[column] = quadratic_ahead[i];
                if constexpr (MASKED) ((T*)biases[inner_loaded])[column] = bias_ahead[i];
            }
        };

        T total[PER_THREAD][PER_THREAD] = {};
        load(first_dimension);
        for (int first = first_dimension; first < last_dimension; first += TILE_DEPTH) {
            store();
            __syncthreads();
            if (first + TILE_DEPTH < last_dimension) load(first + TILE_DEPTH);
            // Summed slice by slice: the rounding error of a long sum stays small.
            T slice[PER_THREAD][PER_THREAD] = {};
#pragma unroll 4
            for (int inner = 0; inner < TILE_DEPTH; ++inner) {
                Vector<T> value[VECTORS], one[VECTORS], two[VECTORS];
                Vector<T> present[MASKED ? VECTORS : 1], bias[MASKED ? VECTORS : 1];
#pragma unroll
                for (int v = 0; v < VECTORS; ++v) {
                    value[v] = values[inner][down * VECTORS + v];
                    one[v] = linear[inner][across * VECTORS + v];
                    two[v] = quadratic[inner][across * VECTORS + v];
                    if constexpr (MASKED) {
                        present[v] = seen[inner][down * VECTORS + v];
                        bias[v] = biases[inner][across * VECTORS + v];
                    }
                }
#pragma unroll
                for (int i = 0; i < PER_THREAD; ++i) {
                    const T here = value[i / SIZE].of[i % SIZE];
#pragma unroll
                    for (int j = 0; j < PER_THREAD; ++j) {
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
            for (int i = 0; i < PER_THREAD; ++i) {
#pragma unroll
                for (int j = 0; j < PER_THREAD; ++j) total[i][j] += slice[i][j];
            }
            __syncthreads();
        }

        T* target = scores + (long long)part * rows_per_set * sets * components;
#pragma unroll
        for (int i = 0; i < PER_THREAD; ++i) {
            const int row = first_row + down * PER_THREAD + i;
            if (row >= rows_per_set) continue;
#pragma unroll
            for (int j = 0; j < PER_THREAD; ++j) {
                const int k = first_column + across * PER_THREAD + j;
                if (k >= components) continue;
                const T bias = part ? T(0) : base[(long long)set * components + k];
                target[((long long)row * sets + set) * components + k] = total[i][j] + bias;
            }
        }
    }
}
