// Sufficient statistics: sums over the rows that each component has won.
//
// A block sorts the rows of a batch by winner, by counting. Its threads then walk along the sorted
// rows, and a sum stays in a register for as long as the winner stays the same.

#define SUM_THREADS 128  // of a block, at most
#define SUM_EACH 8       // rows of a thread that sorts: a batch is so many of every thread
#define SUM_TOGETHER 8   // rows that a thread reads before it adds them

#define WINNER_SHIFT 48  // a sorted row is its winner, and below that the place where it starts

template <typename T>
struct alignas(2 * sizeof(T)) Powers {
    T first, second;

    __device__ __forceinline__ void add(const Powers& other)
    {
        first += other.first;
        second += other.second;
    }
};

// Turns counts (size) into how many there are before each; returns how many there are in all.
// Every thread of the block calls it. A thread has an odd number of counts: neighbours' lie apart.
__device__ __forceinline__ int counts_before(unsigned short* counts, int size)
{
    __shared__ int warp_totals[SUM_THREADS / WARP];
    const int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP, warps = blockDim.x / WARP;
    const int each = (size + blockDim.x - 1) / blockDim.x | 1;
    const int begin = min(size, (int)threadIdx.x * each), end = min(size, begin + each);
    int total = 0, before = 0, all = 0;
#pragma unroll 4
    for (int i = begin; i < end; ++i) total += counts[i];
    for (int step = 1; step < WARP; step *= 2) {
        const int other = __shfl_xor_sync(EVERY_LANE, total, step);
        if (lane & step) before += other;
        total += other;
    }
    if (lane == 0) warp_totals[warp] = total;
    __syncthreads();
    for (int w = 0; w < warps; ++w) {
        if (w < warp) before += warp_totals[w];
        all += warp_totals[w];
    }
    for (int i = begin; i < end; ++i) {
        const int count = counts[i];
        counts[i] = before;
        before += count;
    }
    return all;
}

// partial (chunks, numbers of a chunk): S1, S2, with MASKED sums of what is known, (sets, components,
// depth) each, then S0 (sets, components); S1 and S2 sum x and x^2. Each chunk of rows has sums of
// its own, which are added afterwards: the order of additions is always the same.
// Blocks lie side by side over dimensions, `tile` of them each; their threads form groups of `tile`,
// which share out the sorted rows evenly. A group adds its components to the block's sums; all but the
// first one, which the group before may have met, too: that is carried there afterwards, group by
// group.
// Shared memory, in this order: sums, components * tile Powers; carried, a Powers for each thread;
// SUM_EACH long long for each thread; with MASKED a number for each Powers; components numbers; and
// components short integers for each thread.
template <typename T, bool MASKED>
__global__ void __launch_bounds__(SUM_THREADS)
mixture_sums(const T* x, const bool* known, const T* centre, const int* winner, T* partial,
             int rows_per_set, int sets, int components, int depth, int tile, int chunk_rows,
             ROWS_PARAMETERS)
{
    extern __shared__ Vector<float> shared[];  // aligned for whole vectors
    __shared__ int carried_component[SUM_THREADS];
    const Rows at = ROWS_ARGUMENTS;
    const int thread = threadIdx.x, threads = blockDim.x, groups = threads / tile;
    const int group = thread / tile, column = thread - group * tile;
    const int dimension = blockIdx.x * tile + column, numbers = components * tile;
    const bool adding = group < groups && dimension < depth;
    Powers<T>* powers = (Powers<T>*)shared;
    Powers<T>* carried = powers + numbers;
    long long* sorted = (long long*)(carried + threads);
    T* known_sums = (T*)(sorted + threads * SUM_EACH);
    T* known_carried = known_sums + (MASKED ? numbers : 0);
    T* counts = known_carried + (MASKED ? threads : 0);
    unsigned short* places = (unsigned short*)(counts + components);

    const T middle = *centre;
    const int offset = at.offset(min(dimension, depth - 1));
    const int start = blockIdx.y * chunk_rows;
    const int stop = min(start + chunk_rows, rows_per_set);
    const long long plane = (long long)sets * components * depth;
    T* own = partial + blockIdx.y * ((MASKED ? 3 : 2) * plane + (long long)sets * components);
    for (int set = blockIdx.z; set < sets; set += gridDim.z) {
        for (int i = thread; i < numbers; i += threads) {
            powers[i] = {0, 0};
            if constexpr (MASKED) known_sums[i] = 0;
        }
        for (int k = thread; k < components; k += threads) counts[k] = 0;
        for (int batch = start; batch < stop; batch += threads * SUM_EACH) {
            // How many rows of each component every thread has, and where to put them, then.
            auto winner_of = [&](int row) {
                return row < stop ? winner[(long long)row * sets + set] : -1;
            };
            int won[SUM_EACH];
#pragma unroll
            for (int u = 0; u < SUM_EACH; ++u) won[u] = winner_of(batch + u * threads + thread);
            for (int k = 0; k < components; ++k) places[k * threads + thread] = 0;
#pragma unroll
            for (int u = 0; u < SUM_EACH; ++u) {
                if (won[u] >= 0) places[won[u] * threads + thread] += 1;
            }
            __syncthreads();
            const int rows = counts_before(places, components * threads);
            __syncthreads();
#pragma unroll 2
            for (int u = 0; u < SUM_EACH; ++u) {
                const int row = batch + u * threads + thread, k = winner_of(row);
                if (k < 0) continue;
                const int place = places[k * threads + thread]++;
                sorted[place] = (long long)k << WINNER_SHIFT | at.start(row * sets + set);
            }
            __syncthreads();
            for (int k = thread; k < components; k += threads) {  // it has counted up to its end
                const int end = places[k * threads + threads - 1];
                counts[k] += end - (k ? places[k * threads - 1] : 0);
            }
            if (adding) {
                const int each = (rows + groups - 1) / groups;
                const int begin = min(rows, group * each), end = min(rows, begin + each);
                int component = begin < end ? (int)(sorted[begin] >> WINNER_SHIFT) : -1;
                bool carrying = group > 0;
                if (column == 0) carried_component[group] = component;
                Powers<T> sum = {0, 0};
                T known_sum = 0;
                auto keep = [&]() {
                    const int place = component * tile + column;
                    if (carrying) {
                        carried[thread] = sum;
                        if constexpr (MASKED) known_carried[thread] = known_sum;
                    } else {
                        powers[place].add(sum);
                        if constexpr (MASKED) known_sums[place] += known_sum;
                    }
                };
                for (int i = begin; i < end; i += SUM_TOGETHER) {
                    T value[SUM_TOGETHER];
                    int k[SUM_TOGETHER];
                    bool seen[MASKED ? SUM_TOGETHER : 1];
#pragma unroll
                    for (int u = 0; u < SUM_TOGETHER; ++u) {
                        const long long row = sorted[min(i + u, end - 1)];
                        const long long place = (row & (1ll << WINNER_SHIFT) - 1) + offset;
                        k[u] = (int)(row >> WINNER_SHIFT);
                        value[u] = x[place] - middle;
                        if constexpr (MASKED) seen[u] = known[place];
                    }
                    auto add = [&](int u) {
                        if constexpr (MASKED) {
                            if (!seen[u]) return;
                            known_sum += 1;
                        }
                        sum.add({value[u], value[u] * value[u]});
                    };
                    // They are sorted: if the last has the component, all have.
                    if (i + SUM_TOGETHER <= end && k[SUM_TOGETHER - 1] == component) {
#pragma unroll
                        for (int u = 0; u < SUM_TOGETHER; ++u) add(u);
                        continue;
                    }
#pragma unroll
                    for (int u = 0; u < SUM_TOGETHER; ++u) {
                        if (i + u >= end) break;
                        if (k[u] != component) {
                            keep();
                            carrying = false;
                            component = k[u];
                            sum = {0, 0};
                            known_sum = 0;
                        }
                        add(u);
                    }
                }
                if (begin < end) keep();
            }
            __syncthreads();
            for (int g = 1; adding && group == 0 && g < groups; ++g) {
                if (carried_component[g] < 0) continue;
                const int from = g * tile + column;
                const int place = carried_component[g] * tile + column;
                powers[place].add(carried[from]);
                if constexpr (MASKED) known_sums[place] += known_carried[from];
            }
        }
        __syncthreads();
        const int first = blockIdx.x * tile, width = min(tile, depth - first);
        for (int i = thread; i < components * width; i += threads) {
            const int k = i / width, d = i - k * width;
            const long long target = ((long long)set * components + k) * depth + first + d;
            own[target] = powers[k * tile + d].first;
            own[plane + target] = powers[k * tile + d].second;
            if constexpr (MASKED) own[2 * plane + target] = known_sums[k * tile + d];
        }
        for (int k = thread; blockIdx.x == 0 && k < components; k += threads) {
            own[(MASKED ? 3 : 2) * plane + (long long)set * components + k] = counts[k];
        }
        __syncthreads();  // all is read, before the next set starts at 0
    }
}

#define PARTS_THREADS 512

// out (size) = sum over `parts` of partial (parts, size), in an order that depends on the number of
// parts alone: SLICES of them are added side by side, then what each has come to. A block has
// PARTS_THREADS / SLICES elements.
template <typename T, int SLICES>
__global__ void __launch_bounds__(PARTS_THREADS)
add_parts(const T* partial, T* out, int parts, long long size)
{
    constexpr int ELEMENTS = PARTS_THREADS / SLICES;
    __shared__ T slices[SLICES][ELEMENTS];
    const int place = threadIdx.x % ELEMENTS, slice = threadIdx.x / ELEMENTS;
    for (long long first = (long long)blockIdx.x * ELEMENTS; first < size;
         first += (long long)gridDim.x * ELEMENTS) {
        const long long element = first + place;
        T sum = 0;
        if (element < size) {
#pragma unroll 8
            for (int part = slice; part < parts; part += SLICES) {
                sum += partial[part * size + element];
            }
        }
        if constexpr (SLICES > 1) {
            slices[slice][place] = sum;
            __syncthreads();
            sum = 0;
            for (int s = 0; slice == 0 && s < SLICES; ++s) sum += slices[s][place];
            __syncthreads();
        }
        if (slice == 0 && element < size) out[element] = sum;
    }
}
