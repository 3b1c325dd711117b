// Mixtures of few components above rows of few dimensions: a row's scores never leave the block.

// All that is wanted of rows of at most DEPTH dimensions, from the rows themselves: what
// `mixture_scores` and `mixture_posterior` make of them, for one parameter set and hard assignments.
// A thread has PER_THREAD rows, in registers; every thread reads the same parameters at the same time.
// Shared memory: components | 1 numbers for each row; 2 * components lines of parameters, of DEPTH
// numbers rounded up to vectors; with smoothing as many lines of components, rounded up; the bias.
template <typename T, int DEPTH>
__global__ void __launch_bounds__(SETTLE_THREADS)
mixture_narrow(const T* x, const T* centre, const T* matrix, const T* base, const T* smoothing,
               T* output, T* log_likelihood, T* max_component, T* loss, int* winner, int rows,
               int components, int depth, ROWS_PARAMETERS)
{
    extern __shared__ Vector<float> shared[];  // aligned for whole vectors
    __shared__ int offsets[DEPTH];
    constexpr int SIZE = Vector<T>::SIZE, VECTORS = (DEPTH + SIZE - 1) / SIZE;
    constexpr int PER_THREAD = sizeof(T) == 4 ? 2 : 1;
    const Rows at = ROWS_ARGUMENTS;
    const Wanted<T> wanted = {output, log_likelihood, max_component, loss, winner};
    const int thread = threadIdx.x, threads = blockDim.x, block_rows = threads * PER_THREAD;
    const int held_pitch = components | 1, smoothing_pitch = (components + SIZE - 1) / SIZE * SIZE;
    T* held = (T*)shared;
    Vector<T>* linear = (Vector<T>*)(held + block_rows * held_pitch);
    Vector<T>* quadratic = linear + components * VECTORS;
    T* smoothing_t = (T*)(quadratic + components * VECTORS);
    T* bias = smoothing_t + (smoothing ? components * smoothing_pitch : 0);

    for (int i = thread; i < components * VECTORS * SIZE; i += threads) {
        const int k = i / (VECTORS * SIZE), d = i - k * (VECTORS * SIZE);
        const T* own = matrix + k * 2 * depth + d;
        ((T*)linear)[i] = d < depth ? own[0] : T(0);
        ((T*)quadratic)[i] = d < depth ? own[depth] : T(0);
    }
    if (smoothing) load_smoothing(smoothing, smoothing_t, components, smoothing_pitch);
    for (int k = thread; k < components; k += threads) bias[k] = base[k];
    for (int d = thread; d < DEPTH; d += threads) offsets[d] = at.offset(min(d, depth - 1));
    const T middle = *centre;
    __syncthreads();

    for (long long first = (long long)blockIdx.x * block_rows; first < rows;
         first += (long long)gridDim.x * block_rows) {
        T value[PER_THREAD][DEPTH];
#pragma unroll
        for (int r = 0; r < PER_THREAD; ++r) {
            // Beyond the last row there is the last one once more: it is read, and not written.
            const T* own = x + at.start((int)min(first + thread + r * threads, rows - 1ll));
#pragma unroll
            for (int d = 0; d < DEPTH; ++d) {
                value[r][d] = d < depth ? own[offsets[d]] - middle : T(0);
            }
        }
#pragma unroll 2
        for (int k = 0; k < components; ++k) {
            T score[PER_THREAD] = {};
#pragma unroll
            for (int v = 0; v < VECTORS; ++v) {
                const Vector<T> one = linear[k * VECTORS + v], two = quadratic[k * VECTORS + v];
#pragma unroll
                for (int i = 0; i < SIZE && v * SIZE + i < DEPTH; ++i) {
#pragma unroll
                    for (int r = 0; r < PER_THREAD; ++r) {
                        const T here = value[r][v * SIZE + i];
                        score[r] += here * (one.of[i] + here * two.of[i]);
                    }
                }
            }
#pragma unroll
            for (int r = 0; r < PER_THREAD; ++r) {
                held[(thread + r * threads) * held_pitch + k] = score[r] + bias[k];
            }
        }
        for (int r = 0; r < PER_THREAD; ++r) {
            const long long row = first + thread + r * threads;
            if (row >= rows) continue;
            settle(held + (thread + r * threads) * held_pitch, smoothing ? smoothing_t : nullptr,
                   smoothing_pitch, components, depth, row, wanted);
        }
        if (!output) continue;
        __syncthreads();
        write_posteriors(held, output + first * components,
                         (int)min((long long)block_rows, rows - first), components, held_pitch);
        __syncthreads();  // all is written, before the next rows take its place
    }
}
