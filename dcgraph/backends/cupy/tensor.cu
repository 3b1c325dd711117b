// The score product on tensor cores, in single precision; for compute capability 8.0 and above.
//
// A tensor core multiplies numbers of 11 significant bits and adds what it has multiplied to a float.
// So every operand is split into two such numbers, x = high + low, and high * high, high * low and
// low * high are summed: what is missing, low * low, is as small as the rounding error of a float.
//
// A block has a tile of rows and of components, and goes through the dimensions a slice at a time:
// both operands of a slice lie in shared memory, while those of the next are on their way into
// registers. A warp has rows of its own, and all components of the tile.

#define TENSOR_WARPS 4
#define TENSOR_THREADS (TENSOR_WARPS * WARP)
#define TENSOR_ROWS 16    // of one product,
#define TENSOR_COLUMNS 8  // and components,
#define TENSOR_DEPTH 8    // and dimensions
#define TENSOR_STEPS 2    // products along a slice

#ifdef __CUDA_ARCH__  // else this is an emulation, which brings its own
// sum (16, 8) += rows (16, 8) times columns (8, 8), by a warp. A lane has, with g = lane / 4 and
// t = lane % 4: of the sum (g, 2t), (g, 2t + 1) and the same of row g + 8; of rows (g, t), (g + 8, t),
// (g, t + 4) and (g + 8, t + 4); of columns (t, g) and (t + 4, g).
__device__ __forceinline__ void multiply_add(float (&sum)[4], const float (&rows)[4],
                                             const float (&columns)[2])
{
    asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 "
        "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
        : "r"(__float_as_uint(rows[0])), "r"(__float_as_uint(rows[1])),
          "r"(__float_as_uint(rows[2])), "r"(__float_as_uint(rows[3])),
          "r"(__float_as_uint(columns[0])), "r"(__float_as_uint(columns[1])));
}
#endif

// Splits a number into the nearest one of 11 significant bits, and the rest.
__device__ __forceinline__ void split(float x, float& high, float& low)
{
    high = __uint_as_float((__float_as_uint(x) + 0x1000u) & 0xffffe000u);
    low = x - high;
}

// scores (parts, rows, components) of `x` about `*centre`, without the constant: as `mixture_scores`
// makes them, of rows without a mask. COLUMN_TILES: components of a tile, by 8. ROW_TILES: rows of a
// warp, by 16.
template <int COLUMN_TILES, int ROW_TILES>
__global__ void __launch_bounds__(TENSOR_THREADS, COLUMN_TILES * ROW_TILES > 10 ? 2 : 3)
mixture_tensor(const float* x, const float* centre, const float* matrix, const float* base,
               float* scores, int rows_per_set, int sets, int components, int depth, int parts,
               int part_depth, ROWS_PARAMETERS)
{
    const Rows at = ROWS_ARGUMENTS;
    constexpr int SLICE = TENSOR_STEPS * TENSOR_DEPTH, KINDS = 2;  // linear weights, and quadratic
    constexpr int WARP_ROWS = ROW_TILES * TENSOR_ROWS, TILE_ROWS = TENSOR_WARPS * WARP_ROWS;
    constexpr int COLUMNS = COLUMN_TILES * TENSOR_COLUMNS;
    // Four elements more than half a line of banks: what a warp reads falls on different ones.
    constexpr int PITCH = SLICE + 4;
    // Rows, or components, that a block reads a slice of at once.
    constexpr int LOADED = TENSOR_THREADS / SLICE, ROW_LOADS = TILE_ROWS / LOADED;
    __shared__ float values[2][TILE_ROWS][PITCH];
    // What each lane has of the columns of a product: two weights of each kind.
    __shared__ Vector<float> weights[2][TENSOR_STEPS][COLUMN_TILES][WARP];
    // Where rows start, from the first of the tile on: those that a thread loads side by side.
    __shared__ Vector<int> starts[LOADED][ROW_LOADS / 4];

    const int thread = threadIdx.x, lane = thread % WARP, warp = thread / WARP;
    const int g = lane / 4, t = lane % 4;
    // As it loads: the dimensions of a slice side by side, of two rows by a warp, four apart, and of
    // two components: what it writes falls on different banks.
    const int inner = lane % SLICE, loaded = lane / SLICE * TENSOR_WARPS + warp;
    const int column_loaded = warp * (WARP / SLICE) + lane / SLICE;

    const int first_row = blockIdx.x * TILE_ROWS;
    const int part = blockIdx.y % parts, first_column = blockIdx.y / parts * COLUMNS;
    const int first_dimension = part * part_depth;
    const int last_dimension = min(first_dimension + part_depth, depth);
    const float middle = *centre;

    for (int set = blockIdx.z; set < sets; set += gridDim.z) {
        const long long tile_start = at.start(first_row * sets + set);
        for (int i = thread; i < TILE_ROWS; i += TENSOR_THREADS) {
            // Beyond the last row there is the last one once more: it is read, and not written.
            const int row = min(first_row + i, rows_per_set - 1);
            ((int*)starts[i % LOADED])[i / LOADED] = (int)(at.start(row * sets + set) - tile_start);
        }
        __syncthreads();

        // The next slice: of each row a number, of each component one of each kind.
        int dimension = first_dimension + inner;
        const float* own = x + tile_start + at.offset(dimension);
        int in_run = dimension % at.run;
        const long long component = (long long)set * components + first_column + column_loaded;
        const float* own_weights = matrix + component * KINDS * depth + dimension;
        float row_ahead[ROW_LOADS], weight_ahead[KINDS][COLUMN_TILES];
        auto load = [&]() {
            const bool exists = dimension < last_dimension;
#pragma unroll
            for (int v = 0; v < ROW_LOADS / 4; ++v) {
                const Vector<int> start = starts[loaded][v];
#pragma unroll
                for (int i = 0; i < 4; ++i) {
                    row_ahead[4 * v + i] = exists ? __ldg(own + start.of[i]) - middle : 0.0f;
                }
            }
#pragma unroll
            for (int j = 0; j < COLUMN_TILES; ++j) {
                const int k = first_column + column_loaded + LOADED * j;
                const bool inside = exists && k < components;
                const float* linear = own_weights + j * LOADED * KINDS * (long long)depth;
                weight_ahead[0][j] = inside ? __ldg(linear) : 0.0f;
                weight_ahead[1][j] = inside ? __ldg(linear + depth) : 0.0f;
            }
            dimension += SLICE;
            own_weights += SLICE;
            own += SLICE;
            for (in_run += SLICE; in_run >= at.run; in_run -= at.run) own += at.pitch - at.run;
        };
        auto store = [&](int buffer) {
#pragma unroll
            for (int i = 0; i < ROW_LOADS; ++i) {
                values[buffer][loaded + LOADED * i][inner] = row_ahead[i];
            }
            const int step = inner / TENSOR_DEPTH, half = inner % TENSOR_DEPTH / 4;
#pragma unroll
            for (int j = 0; j < COLUMN_TILES; ++j) {
                float* place = weights[buffer][step][j][column_loaded * 4 + inner % 4].of + half;
                place[0] = weight_ahead[0][j];
                place[2] = weight_ahead[1][j];
            }
        };

        float total[ROW_TILES][COLUMN_TILES][4] = {};
        load();
        store(0);
        __syncthreads();
        int buffer = 0;
        for (int first = first_dimension; first < last_dimension; first += SLICE) {
            const bool more = first + SLICE < last_dimension;
            if (more) load();
            // Summed slice by slice: tensor cores round towards 0, and a long sum would drift.
            float slice[ROW_TILES][COLUMN_TILES][4] = {};
#pragma unroll
            for (int step = 0; step < TENSOR_STEPS; ++step) {
                float value[ROW_TILES][4];
#pragma unroll
                for (int r = 0; r < ROW_TILES; ++r) {
                    const int row = warp * WARP_ROWS + r * TENSOR_ROWS + g;
                    const float(*rows)[PITCH] = values[buffer] + row;
                    const int place = step * TENSOR_DEPTH + t;
                    value[r][0] = rows[0][place];
                    value[r][1] = rows[8][place];
                    value[r][2] = rows[0][place + 4];
                    value[r][3] = rows[8][place + 4];
                }
#pragma unroll
                for (int kind = 0; kind < KINDS; ++kind) {
                    float high[ROW_TILES][4], low[ROW_TILES][4];
#pragma unroll
                    for (int r = 0; r < ROW_TILES; ++r) {
#pragma unroll
                        for (int i = 0; i < 4; ++i) {
                            const float here = kind ? value[r][i] * value[r][i] : value[r][i];
                            split(here, high[r][i], low[r][i]);
                        }
                    }
#pragma unroll
                    for (int j = 0; j < COLUMN_TILES; ++j) {
                        const Vector<float> both = weights[buffer][step][j][lane];
                        float above[2], below[2];
#pragma unroll
                        for (int i = 0; i < 2; ++i) {
                            split(both.of[2 * kind + i], above[i], below[i]);
                        }
                        // Row by row, so that no product waits for the one before it.
                        auto add = [&](const float(&rows)[ROW_TILES][4], const float(&columns)[2]) {
#pragma unroll
                            for (int r = 0; r < ROW_TILES; ++r) {
                                multiply_add(slice[r][j], rows[r], columns);
                            }
                        };
                        add(low, above);
                        add(high, below);
                        add(high, above);
                    }
                }
            }
#pragma unroll
            for (int r = 0; r < ROW_TILES; ++r) {
#pragma unroll
                for (int j = 0; j < COLUMN_TILES; ++j) {
#pragma unroll
                    for (int i = 0; i < 4; ++i) total[r][j][i] += slice[r][j][i];
                }
            }
            buffer ^= 1;
            if (more) store(buffer);  // all have read what was there: a barrier ago
            __syncthreads();
        }

        float* target = scores + (long long)part * rows_per_set * sets * components;
#pragma unroll
        for (int r = 0; r < ROW_TILES; ++r) {
#pragma unroll
            for (int i = 0; i < 4; ++i) {
                const int row = first_row + warp * WARP_ROWS + r * TENSOR_ROWS + g + i / 2 * 8;
                if (row >= rows_per_set) continue;
#pragma unroll
                for (int j = 0; j < COLUMN_TILES; ++j) {
                    const int k = first_column + j * TENSOR_COLUMNS + 2 * t + i % 2;
                    if (k >= components) continue;
                    const float bias = part ? 0.0f : base[(long long)set * components + k];
                    target[((long long)row * sets + set) * components + k] = total[r][j][i] + bias;
                }
            }
        }
    }
}
