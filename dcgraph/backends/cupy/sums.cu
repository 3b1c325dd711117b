// Sufficient statistics: sums over the rows that each component has won.

#define SUM_BATCH 128   // rows that a block looks up at once,
#define SUM_TOGETHER 8  // and a thread reads before it adds them

// What a row adds to, and where it lies.
struct alignas(16) Won {
    long long start;
    int component;  // -1: it adds to nothing
};

template <typename T>
struct alignas(2 * sizeof(T)) Powers {
    T first, second;
};

// partial (chunks, numbers of a chunk): S1, S2, with MASKED sums of what is known, (sets, components,
// depth) each, then S0 (sets, components); S1 and S2 sum x and x^2. Each chunk of rows has sums of
// its own, which are added afterwards: the order of additions is always the same.
// Blocks lie side by side over dimensions, `tile` of them each; their threads form groups of `tile`,
// which take turns at the rows. Every thread has a column of shared memory that no other touches,
// until all are added over the groups.
// Shared memory: blockDim.x * components Powers, with MASKED as many numbers; and components numbers
// for each group. blockDim.x is a multiple of 32, so that a column keeps to its bank.
template <typename T, bool MASKED>
__global__ void mixture_sums(const T* x, const bool* known, const T* centre, const int* winner,
                             T* partial, int rows_per_set, int sets, int components, int depth,
                             int tile, int chunk_rows, ROWS_PARAMETERS)
{
    extern __shared__ Vector<float> shared[];  // aligned for whole vectors
    __shared__ Won won[SUM_BATCH];
    const Rows at = ROWS_ARGUMENTS;
    const int thread = threadIdx.x, threads = blockDim.x, groups = threads / tile;
    const int group = thread / tile, column = thread - group * tile;
    const int dimension = blockIdx.x * tile + column;
    const bool adding = group < groups && dimension < depth;
    const bool counting = blockIdx.x == 0 && group < groups && column == 0;
    Powers<T>* powers = (Powers<T>*)shared;
    T* known_sums = (T*)(powers + components * threads);
    T* counts = known_sums + (MASKED ? components * threads : 0);

    const T middle = *centre;
    const int offset = at.offset(min(dimension, depth - 1));
    const int start = blockIdx.y * chunk_rows;
    const int stop = min(start + chunk_rows, rows_per_set);
    const long long plane = (long long)sets * components * depth;
    T* own = partial + blockIdx.y * ((MASKED ? 3 : 2) * plane + (long long)sets * components);
    for (int set = blockIdx.z; set < sets; set += gridDim.z) {
        for (int k = 0; k < components; ++k) {
            powers[k * threads + thread] = {0, 0};
            if constexpr (MASKED) known_sums[k * threads + thread] = 0;
            if (counting) counts[k * groups + group] = 0;
        }
        for (int batch = start; batch < stop; batch += SUM_BATCH) {
            const int rows = min(SUM_BATCH, stop - batch);
            __syncthreads();  // the last batch has been read
            for (int i = thread; i < rows; i += threads) {
                const int row = (batch + i) * sets + set;
                won[i].start = at.start(row);
                won[i].component = winner[row];
            }
            __syncthreads();
            if (!adding) continue;
            for (int i = group; i < rows; i += groups * SUM_TOGETHER) {
                T value[SUM_TOGETHER];
                int k[SUM_TOGETHER];
                bool seen[SUM_TOGETHER];
#pragma unroll
                for (int u = 0; u < SUM_TOGETHER; ++u) {
                    const bool exists = i + u * groups < rows;
                    const Won row = won[exists ? i + u * groups : i];
                    value[u] = x[row.start + offset] - middle;
                    if constexpr (MASKED) seen[u] = known[row.start + offset];
                    k[u] = exists ? row.component : -1;
                }
#pragma unroll
                for (int u = 0; u < SUM_TOGETHER; ++u) {
                    if (k[u] < 0) continue;
                    if (counting) counts[k[u] * groups + group] += 1;
                    if constexpr (MASKED) {
                        if (!seen[u]) continue;
                        known_sums[k[u] * threads + thread] += 1;
                    }
                    Powers<T> sum = powers[k[u] * threads + thread];
                    sum.first += value[u];
                    sum.second += value[u] * value[u];
                    powers[k[u] * threads + thread] = sum;
                }
            }
        }
        __syncthreads();
        const int first = blockIdx.x * tile, width = min(tile, depth - first);
        for (int i = thread; i < components * width; i += threads) {
            const int k = i / width, d = i - k * width;
            Powers<T> sum = {0, 0};
            T known_sum = 0;
            for (int g = 0; g < groups; ++g) {
                const int place = k * threads + g * tile + d;
                sum.first += powers[place].first;
                sum.second += powers[place].second;
                if constexpr (MASKED) known_sum += known_sums[place];
            }
            const long long target = ((long long)set * components + k) * depth + first + d;
            own[target] = sum.first;
            own[plane + target] = sum.second;
            if constexpr (MASKED) own[2 * plane + target] = known_sum;
        }
        for (int k = thread; blockIdx.x == 0 && k < components; k += threads) {
            T count = 0;
            for (int g = 0; g < groups; ++g) count += counts[k * groups + g];
            own[(MASKED ? 3 : 2) * plane + (long long)set * components + k] = count;
        }
        __syncthreads();  // all is read, before the next set starts at 0
    }
}

#define PARTS_SLICES 16

// out (size) = sum over `parts` of partial (parts, size): slices of them are added side by side, then
// the slices, in this order always. A block is WARP x PARTS_SLICES threads, for WARP elements.
template <typename T>
__global__ void __launch_bounds__(WARP * PARTS_SLICES)
add_parts(const T* partial, T* out, int parts, long long size)
{
    __shared__ T slices[PARTS_SLICES][WARP];
    const int lane = threadIdx.x % WARP, slice = threadIdx.x / WARP;
    for (long long first = (long long)blockIdx.x * WARP; first < size;
         first += (long long)gridDim.x * WARP) {
        T sum = 0;
        if (first + lane < size) {
            const T* own = partial + first + lane;
#pragma unroll 8
            for (int part = slice; part < parts; part += PARTS_SLICES) sum += own[part * size];
        }
        slices[slice][lane] = sum;
        __syncthreads();
        if (slice == 0 && first + lane < size) {
            sum = 0;
            for (int s = 0; s < PARTS_SLICES; ++s) sum += slices[s][lane];
            out[first + lane] = sum;
        }
        __syncthreads();
    }
}
